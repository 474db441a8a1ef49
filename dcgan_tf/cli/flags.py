"""What the commands share: their flags, their --help and how they end."""

import os
import pathlib
import re
import sys
from collections.abc import Callable, Mapping

from absl import flags
from absl.flags import FlagValues

import dcgan_tf
from dcgan_tf.cli import help_text
from dcgan_tf.config import schema
from dcgan_tf.config.presets import AUTO
from dcgan_tf.datasets.cache import Options
from dcgan_tf.datasets.spec import LEAST_SIZE, MOST_SIZE
from dcgan_tf.support import errors

LEAST_SAMPLES, MOST_SAMPLES = 200, 200_000  # images that `evaluate` measures
MOST_DEVICES = 256  # of a machine
FLAGFILES = pathlib.Path(dcgan_tf.__file__).parent / "flagfiles"
CARRIED = {path.stem: path for path in sorted(FLAGFILES.glob("*.flags"))}
TRACEBACK = "DCGAN_TF_TRACEBACK"  # the environment variable that asks for one


class _SettingParser(flags.ArgumentParser):
    """Reads a setting's value, or says what is allowed."""

    def __init__(self, name: str):
        super().__init__()
        self._name = name

    def parse(self, argument):
        return schema.parse(self._name, argument)


class _DevicesParser(flags.IntegerParser):
    """Reads a number of devices; `auto` is None."""

    def parse(self, argument):
        return None if argument == AUTO else super().parse(argument)


def define_settings(values: FlagValues) -> None:
    """Defines a flag for each setting of a run that a user may choose."""
    for name in schema.SETTINGS:
        is_switch = schema.FIELDS[name].annotation in (bool, bool | None)
        flag = flags.Flag(
            _SettingParser(name),
            flags.ArgumentSerializer(),
            name,
            None,
            help_text.of_setting(name),
            boolean=is_switch,  # --name and --noname, too
        )
        flags.DEFINE_flag(flag, flag_values=values)


def define_string(values: FlagValues, name: str, help_text: str) -> None:
    flags.DEFINE_string(name, None, help_text, flag_values=values)


def define_integer(
    values: FlagValues,
    name: str,
    help_text: str,
    *,
    lowest: int = 1,
    highest: int | None = None,
) -> None:
    flags.DEFINE_integer(
        name, None, help_text, flag_values=values, lower_bound=lowest, upper_bound=highest
    )


def define_arguments(values: FlagValues, name: str, help_text: str) -> None:
    """Defines a flag that may be given many times, and without its name."""
    flags.DEFINE_multi_string(name, [], help_text, flag_values=values)
    values.set_gnu_getopt()  # flags may follow


def define_switch(values: FlagValues, name: str, help_text: str) -> None:
    flags.DEFINE_bool(name, False, f"{help_text}.  Default: false", flag_values=values)


def define_devices(values: FlagValues) -> None:
    """Defines --devices, None for auto, and --jit_compile."""
    flags.DEFINE(
        _DevicesParser(lower_bound=1, upper_bound=MOST_DEVICES),
        "devices",
        None,
        "devices of this machine to train on: so many GPUs, or where there is no GPU so "
        "many logical devices of the CPU; auto: all GPUs, or the CPU.  They must divide "
        "--batch_size, of which each takes its share.  Default: auto.  May change on a "
        "resume",
        flag_values=values,
    )
    define_switch(
        values,
        "jit_compile",
        "compile the step by XLA, for a GPU: on a CPU it is slower.  With one device.  May "
        "change on a resume",
    )


def define_data(values: FlagValues) -> None:
    """Defines how and where images are read."""
    define_string(
        values,
        "data_dir",
        "folder of tensorflow-datasets.  Default: TFDS_DATA_DIR, else its own",
    )
    define_integer(
        values,
        "image_size",
        "pixels: images are cropped square at their centre and resized to it.  Default: "
        "their own size where all agree and networks can be built for it, else 32",
        lowest=LEAST_SIZE,
        highest=MOST_SIZE,
    )
    flags.DEFINE_enum(
        "channels",
        None,
        ("1", "3"),
        "1: grey, 3: colour.  Default: grey where all images are",
        flag_values=values,
    )
    define_switch(values, "skip_broken", "go on without the pictures that cannot be read")
    define_string(
        values,
        "cache_dir",
        "folder for images that were read, which takes height * width * channels bytes an "
        "image; it may be deleted.  Default: dcgan_tf/images in XDG_CACHE_HOME, else in "
        "~/.cache",
    )


def data_options(values: FlagValues) -> Options:
    """Returns what the flags of `define_data` say."""
    return Options(
        data_dir=values.data_dir,
        cache_dir=values.cache_dir,
        size=(values.image_size, values.image_size) if values.image_size else None,
        channels=int(values.channels) if values.channels else None,
        skip_broken=values.skip_broken,
    )


def define_generator_choice(values: FlagValues) -> None:
    flags.DEFINE_enum(
        "which",
        "latest",
        ("latest", "best"),
        "the run's newest checkpoint, or the best by --evaluate_every.  Default: latest",
        flag_values=values,
    )
    flags.DEFINE_bool(
        "ema",
        True,
        "generate with the generator's EMA, if the run keeps one.  Default: true",
        flag_values=values,
    )


def overrides(values: FlagValues) -> dict[str, object]:
    """Returns the settings that the command line gives."""
    return {name: values[name].value for name in schema.SETTINGS if values[name].present}


def run(
    command: Callable[[FlagValues], None],
    values: FlagValues,
    description: str,
    argv: list[str] | None = None,
) -> int:
    """Parses the flags, does `command`, and returns the exit status.

    0: done; 1: failed; 2: wrong use.  What goes wrong is one line on stderr.
    """
    flags.DEFINE_bool(
        "help", False, "show the usual flags", short_name="h", flag_values=values
    )
    flags.DEFINE_bool("helpfull", False, "show every flag", flag_values=values)
    flags.DEFINE_bool("version", False, "show the version", flag_values=values)
    try:
        argv = sys.argv[1:] if argv is None else argv
        _, *arguments = values(["dcgan_tf", *_with_flagfiles_first(argv)])
        if values.version:
            print(f"dcgan_tf {dcgan_tf.__version__}")
        elif values.help or values.helpfull:
            print(help_text.of_command(values, description, CARRIED))
        else:
            _take_arguments(values, arguments)
            command(values)
        sys.stdout.flush()
        return 0
    except (errors.UsageError, flags.Error) as error:
        return fail(_reason(error), 2)
    except KeyboardInterrupt:
        return fail("interrupted", 130)
    except BrokenPipeError:  # whoever read our output has read enough
        sys.stdout = None
        return 1
    except Exception as error:
        if os.environ.get(TRACEBACK, "0") != "0":
            raise
        line = errors.first_line(error)
        if not isinstance(error, (errors.RunError, OSError)):
            name = type(error).__name__
            line = (
                f"unexpected {name}: {line}; {TRACEBACK}=1 in the environment shows where"
            )
        return fail(line, 1)


def fail(line: str, status: int) -> int:
    print("error:", " ".join(line.split()), file=sys.stderr)
    return status


def _reason(error: Exception) -> str:
    """Returns a message without absl's beginnings: "flag --count=0: ...", "ERROR:: ..."."""
    return re.sub(r"^(flag|ERROR::) ", "", str(error))


def parse(values: FlagValues, given: Mapping[str, object]) -> list[str]:
    """Sets the flags that are given by name, from Python; None: not given.

    Returns them as a command line.  Raises UsageError as the command line would.
    """
    argv = [f"--{name}={value}" for name, value in given.items() if value is not None]
    try:
        values(["dcgan_tf", *_with_flagfiles_first(argv)])
    except flags.Error as error:
        raise errors.UsageError(_reason(error)) from None
    return argv


def _take_arguments(values: FlagValues, arguments: list[str]) -> None:
    """Gives arguments without a flag's name to the flag that takes them."""
    taking = [values[n] for n in values if isinstance(values[n], flags.MultiFlag)]
    if arguments and not taking:
        raise errors.UsageError(
            f"{arguments[0]}: not a flag; flags begin with --, and switches are written "
            "--flag=true, or --flag and --noflag"
        )
    for flag in taking:
        flag.value = [*flag.value, *arguments]


def _with_flagfiles_first(argv: list[str]) -> list[str]:
    """Puts flagfiles first, so that what is given beside them wins; absl reads them."""
    files, others, arguments = [], [], iter(argv)
    for argument in arguments:
        flag, equals, name = argument.partition("=")
        if flag in ("--flagfile", "-flagfile"):
            path = _find_flagfile(name if equals else next(arguments, ""))
            files.append(f"--flagfile={path}")
        else:
            others.append(argument)
    return files + others


def _find_flagfile(name: str) -> pathlib.Path:
    """Returns the file of that name, or the one that the package carries under it."""
    path = errors.user_path(name, "--flagfile")
    if path.is_file():
        return path
    # In a clone they are in experiments/, too: so they are named in its documents.
    is_bare = path.parent in (pathlib.Path(), pathlib.Path("experiments"))
    if is_bare and path.suffix in ("", ".flags") and path.stem in CARRIED:
        return CARRIED[path.stem]
    raise errors.UsageError(
        f"--flagfile={name}: must be a file of flags, or one that comes with the package: "
        f"{', '.join(CARRIED)}{errors.near_matches(path.stem, CARRIED)}"
    )
