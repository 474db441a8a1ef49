"""What --help says: the flags of a command by group, their bounds and defaults."""

import shutil
import textwrap
from collections.abc import Iterable, Mapping

from absl.flags import FlagValues

from dcgan_tf.config import resolve, schema
from dcgan_tf.config.presets import (
    AUTO,
    CHOICES,
    COMMON,
    LENGTHS,
    ON_DIGITS,
    PRESETS,
    on_own_images,
)

DATA_FLAGS = ("data_dir", "image_size", "channels", "skip_broken", "cache_dir")


def of_setting(name: str) -> str:
    """Returns the help of a setting's flag."""
    parts = [
        schema.FIELDS[name].description,
        _allowed(name),
        f"Default: {_default(name)}",
        "May change on a resume" if schema.kind(name) == schema.ADJUSTABLE else "",
    ]
    return ".  ".join(part for part in parts if part)


def _allowed(name: str) -> str:
    """Returns a setting's words or bounds; "" where any word is allowed."""
    if name == "architecture":
        modes = (f"{mode} {' or '.join(p.architectures)}" for mode, p in PRESETS.items())
        return f"Of {', '.join(modes)}"
    schema_of_value = schema.json_schema(name)
    if "enum" in schema_of_value:
        return f"One of {', '.join(schema_of_value['enum'])}"
    if "exclusiveMinimum" in schema_of_value:
        return f"Above {schema_of_value['exclusiveMinimum']:g}"
    if "minimum" in schema_of_value:
        return f"From {schema_of_value['minimum']:g} to {schema_of_value['maximum']:,}"
    return ""


def _default(name: str) -> str:
    """Returns what decides a setting's default, or the default that all runs have."""
    architectures = [a for p in PRESETS.values() for a in p.architectures.values()]
    deciding: dict[str, Iterable[Mapping]] = {
        resolve.DEFAULT_MODE: [{"mode": ...}],
        AUTO: [{"dataset": ...}],
        "by data set": [
            {**ON_DIGITS, **on_own_images(32, 32)},
            *(settings for a in architectures for settings in (a.mnist, a.digits)),
        ],
        "by architecture": [a.settings for a in architectures],
        "by mode": [{"architecture": ...}, *(p.defaults for p in PRESETS.values())],
        "by --steps or --epochs": LENGTHS.values(),
        **{f"by --{flag}": choices.values() for flag, choices in CHOICES.items()},
        **{next(iter(choices)): [{flag: ...}] for flag, choices in CHOICES.items()},
    }
    for what, tables in deciding.items():
        if any(name in table for table in tables):
            return what
    return str(COMMON[name])


def of_command(values: FlagValues, description: str, flagfiles: Iterable[str]) -> str:
    """Returns the description and the flags by group; with --helpfull all of them.

    flagfiles: the names of those that the package carries
    """
    groups: dict[str, dict[str, str]] = {group: {} for group in ("", *schema.GROUPS)}
    hidden = 0
    for name in values:
        flag, group = values[name], ""
        if name == flag.short_name:
            continue
        if "mode" in values and name in schema.SETTINGS:
            extra = schema.FIELDS[name].json_schema_extra
            group = extra["group"]
            if not (values.helpfull or extra["common"]):
                hidden += 1
                continue
        elif name in DATA_FLAGS and "mode" in values:
            group = "data"
        title = f"-{flag.short_name}, --{name}" if flag.short_name else f"--{name}"
        groups[group][title] = flag.help
    of_package = f".  Those that come with the package: {', '.join(flagfiles)}"
    groups[""]["--flagfile"] = (
        "a file of such flags, one a line; a line that begins with # is a comment"
        f"{of_package if 'mode' in values else ''}"
    )
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
