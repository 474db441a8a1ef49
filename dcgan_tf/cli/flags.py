"""What the commands share: their flags, what --help says of them, and how they end."""

import contextlib
import functools
import os
import pathlib
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from absl import flags
from absl.flags import FlagValues

from dcgan_tf.config import presets, resolve, schema
from dcgan_tf.datasets.cache import Options
from dcgan_tf.datasets.spec import LEAST_SIZE, MOST_SIZE
from dcgan_tf.support import errors, package

LEAST_SAMPLES, MOST_SAMPLES = 200, 200_000  # that `evaluate` takes
TRACEBACK = "DCGAN_TF_TRACEBACK"  # the environment variable that asks for one

Definition = str | tuple[flags.ArgumentParser, Any, str]


class _Parser(flags.ArgumentParser):
    """Reads a flag's value by a function; its ValueError says what is allowed."""

    def __init__(self, read: Callable[[str], object]):
        self._read = read

    def parse(self, argument):
        return self._read(argument)


def new(**definitions: Definition) -> FlagValues:
    """Defines flags: by their (parser, default, help), or a string's by its help alone.

    A flag whose default is a list may be given many times, and without its name.
    """
    values = FlagValues()
    values.set_gnu_getopt()  # flags may follow arguments
    for name, definition in definitions.items():
        if isinstance(definition, str):
            definition = flags.ArgumentParser(), None, definition
        parser, default, text = definition
        kind = flags.MultiFlag if isinstance(default, list) else flags.Flag
        is_switch = isinstance(parser, flags.BooleanParser) or (
            name in schema.FIELDS and schema.FIELDS[name].annotation in (bool, bool | None)
        )
        # A switch is given as --name and --noname, too.
        values[name] = kind(parser, None, name, default, text, boolean=is_switch)
    return values


def integer(text: str, lowest: int = 1, highest: int | None = None) -> Definition:
    return flags.IntegerParser(lowest, highest), None, text


def switch(text: str, default: bool = False) -> Definition:
    return flags.BooleanParser(), default, f"{text}.  Default: {str(default).lower()}"


def choice(text: str, words: list[str], default: str | None = None) -> Definition:
    return flags.EnumParser(words), default, f"<{'|'.join(words)}>: {text}"


def many(text: str) -> Definition:
    return flags.ArgumentParser(), [], text


def automatic(text: str) -> Definition:
    """Defines a whole number from 1, or auto, which is None."""
    read = flags.IntegerParser(1).parse
    return _Parser(lambda given: None if given == presets.AUTO else read(given)), None, text


def settings() -> dict[str, Definition]:
    """Returns a definition for each setting of a run that a user may choose."""
    return {
        name: (_Parser(functools.partial(schema.parse, name)), None, resolve.help_of(name))
        for name in schema.SETTINGS
    }


RUN = "folder of the run.  Default: the ACGAN that comes with the package"
GENERATOR = {
    "which": choice(
        "the run's newest checkpoint, or the best by --evaluate_every.  Default: latest",
        *(["latest", "best"], "latest"),
    ),
    "ema": switch("generate with the generator's EMA, if the run keeps one", True),
}
SAMPLING = {
    "truncation": (
        *(flags.FloatParser(0.0, 2.0), 1.0),
        "factor of the latents: below 1, images are more alike, often cleaner.  Default: 1",
    ),
    "redraw": (
        *(flags.FloatParser(0.0, 0.999), 0.0),
        "class probability below which an ACGAN's image is made again.  Default: 0, never",
    ),
}
# How and where images are read.
DATA = {
    "data_dir": "folder of tensorflow-datasets.  Default: TFDS_DATA_DIR, else its own",
    "image_size": integer(
        "pixels of a side.  Default: the images' own size where all agree and networks "
        "can be built for it, else the largest square, up to 64, that 90 % of them fill",
        *(LEAST_SIZE, MOST_SIZE),
    ),
    "channels": choice("grey, RGB or RGBA.  Default: 1 if all are grey, else 3", [*"134"]),
    "skip_broken": switch("go on without the pictures that cannot be read"),
    "cache_dir": "folder for images that were read, height * width * channels bytes each; "
    "it may be deleted.  Default: dcgan_tf/images in XDG_CACHE_HOME, else in ~/.cache",
}


def data_options(values: FlagValues) -> Options:
    """Returns what the flags of DATA say."""
    return Options(
        data_dir=values.data_dir,
        cache_dir=values.cache_dir,
        size=(values.image_size, values.image_size) if values.image_size else None,
        channels=int(values.channels) if values.channels else None,
        skip_broken=values.skip_broken,
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
    define = functools.partial(flags.DEFINE_bool, default=False, flag_values=values)
    define("help", help="show the usual flags", short_name="h")
    define("helpfull", help="show every flag")
    define("version", help="show the version")
    # Names may have letters that stdout lacks; it may be no file, or one that is read, too.
    with contextlib.suppress(OSError):
        getattr(sys.stdout, "reconfigure", dict)(errors="backslashreplace")
    try:
        arguments = _parse(values, sys.argv[1:] if argv is None else argv)
        if values.version:
            print(f"dcgan_tf {package.VERSION}")
        elif values.help or values.helpfull:
            print(_help(values, description))
        else:
            _take_arguments(values, arguments)
            command(values)
        print(end="", flush=True)
        return 0
    except errors.UsageError as error:
        return fail(str(error), 2)
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
            shows = f"{TRACEBACK}=1 in the environment shows where"
            line = f"unexpected {type(error).__name__}: {line}; {shows}"
        return fail(line, 1)


def run_and_exit(*arguments: Any) -> NoReturn:
    """Runs a command, as `run` does, and ends the process with its exit status."""
    sys.exit(run(*arguments))


def _help(values: FlagValues, description: str) -> str:
    """Returns the description and the flags by group; with --helpfull all of them."""
    trains = "mode" in values
    groups: dict[str, dict[str, str]] = {group: {} for group in ("", *schema.GROUPS)}
    hidden = 0
    for name in values:
        flag, group, is_shown = values[name], "", True
        if trains and name in DATA:
            group = "data"
        elif trains and name in schema.SETTINGS:
            extra = schema.FIELDS[name].json_schema_extra
            group, is_shown = extra["group"], values.helpfull or extra["common"]
        hidden += not is_shown
        if is_shown and name != flag.short_name:
            groups[group][f"-h, --{name}" if flag.short_name else f"--{name}"] = flag.help
    about = "a file of such flags, one a line; a line that begins with # is a comment"
    if trains:
        about += f".  Those that come with the package: {', '.join(presets.FLAGFILES)}"
    groups[""]["--flagfile"] = about
    width = max(shutil.get_terminal_size().columns - 6, 20)
    lines = [description.strip()]
    for group, titles in groups.items():
        if titles:
            lines += ["", f"Flags ({group}):" if group else "Flags:"]
        for title, text in titles.items():
            lines += [f"  {title}", textwrap.indent(textwrap.fill(text, width), " " * 6)]
    if hidden:
        lines += ["", f"{hidden} more flags: --helpfull"]
    return "\n".join(lines)


def fail(line: str, status: int) -> int:
    print("error:", " ".join(line.split()), file=sys.stderr)
    return status


def parse(values: FlagValues, given: Mapping[str, object]) -> list[str]:
    """Sets flags that Python gives by name, None: not given; returns a command line."""
    argv = [f"--{name}={value}" for name, value in given.items() if value is not None]
    _parse(values, argv)
    return argv


def _parse(values: FlagValues, argv: list[str]) -> list[str]:
    """Sets the flags of a command line, and returns its arguments without a flag's name."""
    try:
        return values(["dcgan_tf", *_with_flagfiles_first(argv)])[1:]
    except flags.Error as error:  # "flag --count=0: ...", "ERROR:: ..."
        line = re.sub("invalid literal for int.*", "must be a whole number", str(error))
        if isinstance(error, flags.UnrecognizedFlagError):
            name = error.flagname
            initials = {"".join(word[0] for word in n.split("_")): n for n in values}
            near = errors.near_matches(initials.get(name, name), values)
            line = f"--{name}: no such flag; --help lists them{near}"
        raise errors.UsageError(re.sub(r"^(flag|ERROR::) ", "", line)) from None


def _take_arguments(values: FlagValues, arguments: list[str]) -> None:
    """Gives arguments without a flag's name to the flag that takes them."""
    taking = [values[n] for n in values if isinstance(values[n], flags.MultiFlag)]
    if arguments and not taking:
        raise errors.UsageError(
            f"{arguments[0]}: not a flag; write --flag=value, or --flag and --noflag"
        )
    for flag in taking:
        flag.value = [*flag.value, *arguments]


def _with_flagfiles_first(argv: list[str]) -> list[str]:
    """Puts flagfiles first, so that what is given beside them wins; absl reads them."""
    files, others, arguments = [], [], iter(argv)
    for argument in arguments:
        flag, equals, name = argument.partition("=")
        if flag in ("--flagfile", "-flagfile"):
            path = presets.find_flagfile(name if equals else next(arguments, ""))
            files.append(f"--flagfile={path}")
        else:
            others.append(argument)
    return files + others


def output_path(
    text: str | os.PathLike,
    flag: str = "output",
    *,
    suffixes: Sequence[str] = (),
    folder: bool = False,
    may_exist: bool = False,
) -> pathlib.Path:
    """Returns the path of `--flag=text`; UsageError unless the command can write it.

    suffixes:  of a file; where there are any, a path has one of them or is a folder's
    folder:    whether it may be a folder, which is made: a new one or an empty one
    may_exist: whether that folder may also hold files
    """
    path = pathlib.Path(text).expanduser()
    is_file = path.suffix in suffixes
    odd_suffix = suffixes and path.suffix[1:2].isalpha() and not is_file
    nearest = path.parent
    if folder and not is_file:
        nearest = next(p for p in (path, *path.absolute().parents) if p.exists())
    problem = ""
    if odd_suffix or not (is_file or folder):
        problem = f"must end in {' or '.join(suffixes)}"
        problem += ", or name a folder" if folder else ""
    elif is_file and path.is_dir():
        problem = "is a folder; name a file"
    elif nearest is path and not may_exist and path.is_dir() and any(path.iterdir()):
        problem = "is in the way; name a new folder"
    elif not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        problem = f"{nearest} is no folder that can be written; name another"
    if problem:
        raise errors.UsageError(f"--{flag}={path}: {problem}")
    return path
