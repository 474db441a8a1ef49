"""What the commands share: their flags, their --help and how they end."""

import shutil
import sys
import textwrap
from collections.abc import Callable

from absl import flags

from dcgan_tf import bounds, config, errors, settings
from dcgan_tf.recipes import AUTO, DIGITS, LENGTHS, RECIPES, SCHEDULES

CHOICE = "architecture"  # which other defaults depend on


class _FieldParser(flags.ArgumentParser):
    """Reads a Config field's value; says what is allowed where it is not one."""

    def __init__(self, name: str):
        super().__init__()
        self._name = name

    def parse(self, argument):
        return bounds.parse(self._name, argument)


def define_config_flags(values: flags.FlagValues) -> None:
    """A flag for each Config field that a user may set."""
    for field in config.FIELDS.values():
        if field.metadata["kind"] == config.DERIVED:
            continue
        text = f"{field.metadata['help']}.  {_allowed(field)}{_defaults(field.name)}"
        if field.metadata["kind"] == config.LENGTH:
            text += ".  May change on a resume"
        flag = flags.Flag(
            _FieldParser(field.name),
            flags.ArgumentSerializer(),
            field.name,
            None,
            text,
            boolean=field.type in (bool, bool | None),  # then --name and --noname, too
        )
        flags.DEFINE_flag(flag, flag_values=values)


def define_string(values: flags.FlagValues, name: str, help_text: str) -> None:
    flags.DEFINE_string(name, None, help_text, flag_values=values)


def define_integer(
    values: flags.FlagValues,
    name: str,
    help_text: str,
    *,
    lowest: int = 1,
    highest: int | None = None,
) -> None:
    flags.DEFINE_integer(
        name, None, help_text, flag_values=values, lower_bound=lowest, upper_bound=highest
    )


def define_switch(values: flags.FlagValues, name: str, help_text: str) -> None:
    flags.DEFINE_bool(name, False, f"{help_text}.  Default: false", flag_values=values)


def define_choice_of_generator(values: flags.FlagValues) -> None:
    flags.DEFINE_enum(
        "which",
        "latest",
        ("latest", "best"),
        "the run's newest checkpoint, or the best by --evaluate_every.  Default: latest",
        flag_values=values,
    )
    flags.DEFINE_bool(
        "averaged",
        True,
        "draw with the generator's running average, if the run keeps one.  Default: true",
        flag_values=values,
    )


def said(values: flags.FlagValues) -> dict[str, object]:
    """The Config fields that the command line sets."""
    names = [name for name in config.FIELDS if name in values]
    return {name: values[name].value for name in names if values[name].present}


def _allowed(field) -> str:
    if field.name == CHOICE:
        having = (f"{mode} {' or '.join(r.architectures)}" for mode, r in RECIPES.items())
        return f"Of {', '.join(having)}.  "
    choices = field.metadata["choices"]
    return f"One of {', '.join(choices)}.  " if choices else ""


def _defaults(name: str) -> str:
    if name == "mode":
        return f"Default: {settings.DEFAULT_MODE}"
    if name == "dataset":
        return f"Default: {AUTO}"
    usual, digits = _by_mode(name, dataset=""), _by_mode(name, dataset=DIGITS)
    if not usual:
        return _by_choice(name)
    return (
        f"Default: {usual}"
        + (", or the architecture's own" if _is_brought(name) else "")
        + (f"; on digits {digits}" if digits != usual else "")
    )


def _by_mode(name: str, dataset: str) -> str:
    """A setting's defaults: one for all modes, or `cgan 10, acgan 1`; "" for none."""
    found = {}
    for mode, recipe in RECIPES.items():
        values = recipe.default_values({}, dataset)
        if name in values:
            found[mode] = values[name]
    if found.keys() == RECIPES.keys() and len(set(found.values())) == 1:
        return str(found.popitem()[1])
    return ", ".join(f"{where} {value}" for where, value in found.items())


def _is_brought(name: str) -> bool:
    """Whether an architecture that is no mode's default has a default of its own."""
    if name == CHOICE:
        return False
    for recipe in RECIPES.values():
        usual = recipe.default_values({}, "").get(name)
        for architecture in recipe.architectures:
            own = recipe.default_values({"architecture": architecture}, "")
            if own.get(name, usual) != usual:
                return True
    return False


def _by_choice(name: str) -> str:
    """Where a setting comes from that no mode has by default."""
    for flag, choices in (("schedule", SCHEDULES), ("", LENGTHS)):
        for choice, brings in choices.items():
            if name in brings:
                given = f"--{flag}={choice}" if flag else f"--{choice}"
                return f"Default, with {given}: {brings[name]}"
    return "Default: none"


def run(
    command: Callable[[flags.FlagValues], None],
    values: flags.FlagValues,
    description: str,
    argv: list[str] | None = None,
) -> int:
    """Parses the flags, does `command`, and returns the exit status.

    0: done; 1: failed; 2: wrong use.  What goes wrong is told in one line on stderr.
    """
    flags.DEFINE_bool("help", False, "show this help", flag_values=values)
    try:
        arguments = values(sys.argv if argv is None else ["dcgan_tf", *argv])
        if values.help:
            print(_help(values, description))
            return 0
        if len(arguments) > 1:
            raise errors.UsageError(f"{arguments[1]}: not a flag; flags begin with --")
        command(values)
        return 0
    except (errors.UsageError, flags.Error) as error:
        return _fail(error, 2)
    except KeyboardInterrupt:
        return _fail(Exception("interrupted"), 130)
    except BrokenPipeError:  # whoever read our output has read enough
        sys.stdout = None
        return 1
    except (errors.RunError, OSError) as error:
        return _fail(error, 1)


def _fail(error: Exception, status: int) -> int:
    print("error:", " ".join(str(error).split()), file=sys.stderr)
    return status


def _help(values: flags.FlagValues, description: str) -> str:
    width = shutil.get_terminal_size().columns
    paragraphs = [description.strip(), "", "Flags:"]
    for name in values:
        wrapped = textwrap.wrap(values[name].help, width - 6)
        paragraphs += [f"  --{name}", *(f"      {line}" for line in wrapped)]
    paragraphs += [
        "  --flagfile",
        "      a file of such flags, one a line; # begins a comment",
    ]
    return "\n".join(paragraphs)
