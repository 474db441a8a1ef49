"""What the commands share: their flags, their --help and how they end."""

import codecs
import contextlib
import errno
import io
import numbers
import os
import pathlib
import re
import shlex
import shutil
import sys
import textwrap
from collections.abc import Callable, Mapping

from absl import flags
from absl.flags import FlagValues

import dcgan_tf
from dcgan_tf.config import resolve, schema
from dcgan_tf.config.presets import (
    AUTO,
    CHOICES,
    DIGITS,
    LENGTHS,
    PRESETS,
)
from dcgan_tf.datasets.sources import Options
from dcgan_tf.datasets.spec import LEAST_SIZE, MOST_SIZE
from dcgan_tf.support import errors

DATA_FLAGS = ("data_dir", "image_size", "channels", "skip_broken", "cache_dir")
MOST_DEVICES = 256  # of a machine
OWN_IMAGES = "./own"  # stands for any data set but those that are named
CHOICE = "architecture"  # which other defaults depend on
FLAGFILES = pathlib.Path(dcgan_tf.__file__).parent / "flagfiles"
TRACEBACK = "DCGAN_TF_TRACEBACK"  # the environment variable that asks for one


class _SettingParser(flags.ArgumentParser):
    """Reads a setting's value; says what is allowed where it is not one."""

    def __init__(self, name: str):
        super().__init__()
        self._name = name

    def parse(self, argument):
        return schema.parse(self._name, argument)


def define_settings(values: FlagValues) -> None:
    """A flag for each setting of a run that a user may choose."""
    for name, field in schema.FIELDS.items():
        if schema.kind(name) == schema.DERIVED:
            continue
        text = f"{field.description}.  {_allowed(name)}{_defaults(name)}"
        if schema.kind(name) == schema.ADJUSTABLE:
            text += ".  May change on a resume"
        flag = flags.Flag(
            _SettingParser(name),
            flags.ArgumentSerializer(),
            name,
            None,
            text,
            boolean=field.annotation in (bool, bool | None),  # --name and --noname, too
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
    """A flag that may be given many times, and without its name."""
    flags.DEFINE_multi_string(name, [], help_text, flag_values=values)
    values.set_gnu_getopt()  # flags may follow


def define_switch(values: FlagValues, name: str, help_text: str) -> None:
    flags.DEFINE_bool(name, False, f"{help_text}.  Default: false", flag_values=values)


def define_devices(values: FlagValues) -> None:
    flags.DEFINE_string(
        "devices",
        AUTO,
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


def devices(values: FlagValues) -> int | None:
    """What `define_devices`'s flag says; None for auto."""
    text = values.devices
    if text == AUTO:
        return None
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MOST_DEVICES):
        raise errors.UsageError(
            f"--devices={text}: must be auto, or a whole number from 1 to {MOST_DEVICES}"
        )
    return int(text)


def define_data(values: FlagValues) -> None:
    """How and where images are read."""
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
    """What `define_data`'s flags say."""
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
    """The settings that the command line gives."""
    names = [
        name
        for name in schema.FIELDS
        if name in values and schema.kind(name) != schema.DERIVED
    ]
    return {name: values[name].value for name in names if values[name].present}


def _allowed(name: str) -> str:
    if name == CHOICE:
        having = (f"{mode} {' or '.join(r.architectures)}" for mode, r in PRESETS.items())
        return f"Of {', '.join(having)}.  "
    choices = schema.choices(name)
    return f"One of {', '.join(choices)}.  " if choices else ""


def _defaults(name: str) -> str:
    if name == "mode":
        return f"Default: {resolve.DEFAULT_MODE}"
    if name == "dataset":
        return f"Default: {AUTO}"
    usual, digits, own = (_by_mode(name, dataset) for dataset in ("", DIGITS, OWN_IMAGES))
    if not usual:
        only_own = own and name not in LENGTHS["steps"]
        return _by_choice(name) + (f"; on images of your own {own}" if only_own else "")
    return (
        f"Default: {usual}"
        + (", or the architecture's own" if _is_brought(name) else "")
        + (f"; on digits {digits}" if digits != usual else "")
        + (f"; on images of your own {own}" if own not in ("", usual) else "")
    )


def _by_mode(name: str, dataset: str) -> str:
    """A setting's defaults: one for all modes, or `cgan 10, acgan 1`; "" for none."""
    found = {}
    for mode, preset in PRESETS.items():
        values = preset.default_values({}, dataset)
        if name in values:
            found[mode] = values[name]
    if found.keys() == PRESETS.keys() and len(set(found.values())) == 1:
        return str(found.popitem()[1])
    return ", ".join(f"{where} {value}" for where, value in found.items())


def _is_brought(name: str) -> bool:
    """Whether an architecture that is no mode's default has a default of its own."""
    if name == CHOICE:
        return False
    for preset in PRESETS.values():
        usual = preset.default_values({}, "").get(name)
        for architecture in preset.architectures:
            own = preset.default_values({"architecture": architecture}, "")
            if own.get(name, usual) != usual:
                return True
    return False


def _by_choice(name: str) -> str:
    """Where a setting comes from that no mode has by default."""
    for flag, choices in {**CHOICES, "": LENGTHS}.items():
        for choice, brings in choices.items():
            if name in brings:
                given = f"--{flag}={choice}" if flag else f"--{choice}"
                return f"Default, with {given}: {brings[name]}"
    return "Default: none"


def run(
    command: Callable[[FlagValues], None],
    values: FlagValues,
    description: str,
    argv: list[str] | None = None,
) -> int:
    """Parses the flags, does `command`, and returns the exit status.

    0: done; 1: failed; 2: wrong use.  What goes wrong is one line on stderr.
    """
    _make_streams_writable()
    flags.DEFINE_bool(
        "help", False, "show the usual flags", short_name="h", flag_values=values
    )
    flags.DEFINE_bool("helpfull", False, "show every flag", flag_values=values)
    flags.DEFINE_bool("version", False, "show the version", flag_values=values)
    try:
        argv = sys.argv[1:] if argv is None else argv
        arguments = values(["dcgan_tf", *_with_flagfiles(argv)])
        if values.version:
            print(f"dcgan_tf {dcgan_tf.__version__}")
        elif values.help or values.helpfull:
            print(_help(values, description, full=values.helpfull))
        else:
            _take_arguments(values, arguments[1:])
            command(values)
        return 0
    except errors.UsageError as error:
        return fail(error, 2)
    except flags.Error as error:
        return fail(_reason(error), 2)
    except KeyboardInterrupt:
        return fail("interrupted", 130)
    except BrokenPipeError:  # whoever read our output has read enough
        sys.stdout = None
        return 1
    except errors.RunError as error:
        return fail(error, 1)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        way_out = "; make room on that disk, or name another place" if full else ""
        return fail(f"{errors.first_line(error)}{way_out}", 1)
    except Exception as error:
        if os.environ.get(TRACEBACK, "0") != "0":
            raise
        return fail(
            f"unexpected {type(error).__name__}: {errors.first_line(error)}; "
            f"{TRACEBACK}=1 in the environment shows where",
            1,
        )


def parse(values: FlagValues, given: Mapping[str, object]) -> list[str]:
    """Sets the flags that are given by name, from Python; None: not given.

    Returns them as a command line.  Raises UsageError as the command line would.
    """
    given = {name: value for name, value in given.items() if value is not None}
    for name, value in given.items():
        if name not in values and name != "flagfile":
            near = errors.near_matches(name, list(values))
            raise errors.UsageError(f"{name}: no such setting{near}")
        if not isinstance(value, (str, numbers.Number, os.PathLike)):
            raise errors.UsageError(
                f"{name}={value!r}: must be text, a number, a path or a truth value"
            )
    argv = [f"--{name}={value}" for name, value in given.items()]
    try:
        values(["dcgan_tf", *_with_flagfiles(argv)])
    except flags.Error as error:
        raise errors.UsageError(_reason(error)) from None
    return argv


def _reason(error: flags.Error) -> str:
    """Without absl's beginnings: "flag --count=0: ...", "ERROR:: Unable to ..."."""
    return re.sub(r"^(flag|ERROR::) ", "", str(error))


def _make_streams_writable() -> None:
    """So that no line fails: on a closed stream, or of letters that its encoding lacks."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            with contextlib.suppress(OSError):  # of a stream that was put elsewhere
                stream.reconfigure(errors="backslashreplace")


def _take_arguments(values: FlagValues, arguments: list[str]) -> None:
    """Those without a flag's name; UsageError where the command takes none."""
    every = map(values.__getitem__, values)
    taking = next((flag for flag in every if isinstance(flag, flags.MultiFlag)), None)
    for argument in arguments:
        if taking is None:
            raise errors.UsageError(f"{argument}: not a flag; {_hint(argument)}")
        taking.value = [*taking.value, argument]


def _hint(argument: str) -> str:
    if argument.lower() in ("true", "false"):
        return f"write --flag={argument.lower()}, or --flag and --noflag"
    return "flags begin with --"


def _with_flagfiles(argv: list[str], within: tuple[pathlib.Path, ...] = ()) -> list[str]:
    """The arguments, those of flagfiles first, so that what is given beside them wins.

    within: the flagfiles that these arguments stand in
    """
    from_files, others, arguments = [], [], iter(argv)
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if name in ("--flagfile", "-flagfile"):
            path = _find_flagfile(value if equals else next(arguments, ""))
            if path in within:
                raise errors.UsageError(f"--flagfile={path}: holds itself")
            from_files += _with_flagfiles(_read_flagfile(path), (*within, path))
        else:
            others.append(argument)
    return from_files + others


def _read_flagfile(path: pathlib.Path) -> list[str]:
    """Its flags; # begins a comment.  In UTF-8, or UTF-16 with its byte order mark."""
    try:
        content = path.read_bytes()
        utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = content.decode("utf-16" if utf_16 else "utf-8").lstrip("\ufeff")
        lines = (shlex.split(line, comments=True) for line in text.splitlines())
        return [argument for line in lines for argument in line]
    except (OSError, ValueError) as error:
        raise errors.UsageError(
            f"--flagfile={path}: is no file of flags ({errors.first_line(error)})"
        ) from None


def _find_flagfile(name: str) -> pathlib.Path:
    """The file of that name, or the one that the package carries under it.

    UsageError where there is neither.
    """
    path = errors.user_path(name, "--flagfile")
    if name and path.exists() and not path.is_dir():
        return path
    carried = {path.stem: path for path in FLAGFILES.glob("*.flags")}
    # In a clone they are in experiments/, too: so they are named in its documents.
    named = path.parent in (pathlib.Path(), pathlib.Path("experiments"))
    if named and path.suffix in ("", ".flags") and path.stem in carried:
        return carried[path.stem]
    raise errors.UsageError(
        f"--flagfile={name}: must be a file of flags, or one that comes with the package: "
        f"{', '.join(sorted(carried))}{errors.near_matches(path.stem, carried)}"
    )


def fail(error: object, status: int) -> int:
    print("error:", " ".join(str(error).split()), file=sys.stderr)
    return status


def _help(values: FlagValues, description: str, *, full: bool) -> str:
    """The description and the flags by group; not `full`: those that most people need."""
    flagfile = "a file of such flags, one a line; # begins a comment"
    if "mode" in values:
        carried = sorted(path.stem for path in FLAGFILES.glob("*.flags"))
        flagfile += f".  Those that come with the package: {', '.join(carried)}"
    groups: dict[str, dict] = {"": {}, **{group: {} for group in schema.GROUPS}}
    hidden = 0
    for name in values:
        flag = values[name]
        if name == flag.short_name:
            continue
        title = f"-{flag.short_name}, --{name}" if flag.short_name else f"--{name}"
        if not isinstance(flag.parser, _SettingParser):
            group = "data" if name in DATA_FLAGS and "mode" in values else ""
            groups[group][title] = flag.help
            continue
        extra = schema.FIELDS[name].json_schema_extra
        if full or extra["common"]:
            groups[extra["group"]][title] = flag.help
        else:
            hidden += 1
    groups[""]["--flagfile"] = flagfile
    width = max(shutil.get_terminal_size().columns - 6, 20)
    lines = [description.strip()]
    for group, titles in groups.items():
        if titles:
            lines += ["", f"Flags ({group}):" if group else "Flags:"]
        for title, text in titles.items():
            wrapped = textwrap.wrap(text, width)
            lines += [f"  {title}", *(f"      {line}" for line in wrapped)]
    if hidden:
        lines += ["", f"{hidden} more flags: --helpfull"]
    return "\n".join(lines)
