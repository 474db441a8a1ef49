"""What --help says: the flags of a command by group, their bounds and defaults."""

import shutil
import textwrap
from collections.abc import Iterable

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
    """Returns the help of a setting's flag: its meaning, words or bounds, and default."""
    values = schema.json_schema(name)
    allowed = ""
    if name == "architecture":
        modes = (f"{mode} {' or '.join(p.architectures)}" for mode, p in PRESETS.items())
        allowed = f"Of {', '.join(modes)}"
    elif "enum" in values:
        allowed = f"One of {', '.join(values['enum'])}"
    elif "exclusiveMinimum" in values:
        allowed = f"Above {values['exclusiveMinimum']:g}"
    elif "minimum" in values:
        allowed = f"From {values['minimum']:g} to {values['maximum']:,}"
    resume = "May change on a resume" if schema.kind(name) == schema.ADJUSTABLE else ""
    parts = schema.FIELDS[name].description, allowed, f"Default: {_default(name)}", resume
    return ".  ".join(part for part in parts if part)


def _default(name: str) -> str:
    """Returns what decides a setting's default, or the default that all runs have."""
    architectures = [a for p in PRESETS.values() for a in p.architectures.values()]
    on_data = [s for a in architectures for s in (a.mnist, a.digits)]
    deciding: dict[str, list[Iterable[str]]] = {
        resolve.DEFAULT_MODE: [["mode"]],
        AUTO: [["dataset"]],
        "by data set": [ON_DIGITS, on_own_images(32, 32), *on_data],
        "by architecture": [a.settings for a in architectures],
        "by mode": [["architecture"], *(p.defaults for p in PRESETS.values())],
        "by --steps or --epochs": [*LENGTHS.values()],
        **{f"by --{flag}": [*choices.values()] for flag, choices in CHOICES.items()},
        **{next(iter(choices)): [[flag]] for flag, choices in CHOICES.items()},
    }
    for what, tables in deciding.items():
        if any(name in table for table in tables):
            return what
    return str(COMMON[name])


def of_command(values: FlagValues, description: str, flagfiles: Iterable[str]) -> str:
    """Returns the description and the flags by group; with --helpfull all of them.

    flagfiles: the names of those that the package carries
    """
    trains, hidden = "mode" in values, 0
    groups: dict[str, dict[str, str]] = {group: {} for group in ("", *schema.GROUPS)}
    for name in values:
        flag, group = values[name], ""
        if name == flag.short_name:
            continue
        if trains and name in schema.SETTINGS:
            extra = schema.FIELDS[name].json_schema_extra
            group = extra["group"]
            if not (values.helpfull or extra["common"]):
                hidden += 1
                continue
        elif trains and name in DATA_FLAGS:
            group = "data"
        title = f"-{flag.short_name}, --{name}" if flag.short_name else f"--{name}"
        groups[group][title] = flag.help
    carried = f".  Those that come with the package: {', '.join(flagfiles)}"
    groups[""]["--flagfile"] = (
        "a file of such flags, one a line; a line that begins with # is a comment"
        f"{carried if trains else ''}"
    )
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
