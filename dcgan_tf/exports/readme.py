"""The README of an exported generator: what it takes and gives, and code that uses it."""

from dcgan_tf.config.schema import Config
from dcgan_tf.datasets import source
from dcgan_tf.exports.formats import FORMATS, NPZ

MOST = 10  # images that the code generates

TEXT = """\
# A generator of images

`{file}` is the generator of a GAN: mode {mode}, architecture {architecture}, trained on
{dataset} for {step:,} steps. `grid.png` shows its images{columns}.

{contract}## Use it

With {runs_in}, in this folder:

```python
{code}```
{names}"""

CONTRACT = """\
| | | |
|---|---|---|
| takes `latents` | float32 [N, {latent_dim}] | random: {prior} |
{labels}| gives `images` | float32 [N, {height}, {width}, {channels}] | from -1 to 1 |

N is any number of images.

"""
LABELS = "| takes `labels` | int32 [N] | classes by number, from 0 to {last} |\n"
PRIORS = {  # in words, and in NumPy
    "normal": ("standard normal", 'rng.standard_normal(({}, {}), dtype="float32")'),
    "uniform": ("uniform from -1 to 1", 'rng.uniform(-1, 1, ({}, {})).astype("float32")'),
}


def text(config: Config, step: int, format_name: str) -> str:
    values = config.model_dump() | {
        "dataset": source.short_name(config.dataset),
        "step": step,
        "file": FORMATS[format_name].file,
        "runs_in": FORMATS[format_name].runs_in,
        "columns": ", a column for each class" if config.conditional else "",
        "prior": PRIORS[config.latent_prior][0],
        "labels": LABELS.format(last=config.classes - 1) if config.conditional else "",
        "code": code(config, format_name),
        "names": "",
    }
    values["contract"] = "" if format_name == NPZ else CONTRACT.format_map(values)
    if config.conditional and config.class_names:
        rows = (f"- {number}: {name}\n" for number, name in enumerate(config.names))
        values["names"] = f"\n## Classes\n\n{''.join(rows)}"
    return TEXT.format_map(values)


def code(config: Config, format_name: str) -> str:
    """Returns Python that generates `images`, one of each of the first classes."""
    chosen, conditional = FORMATS[format_name], config.conditional
    count = min(config.classes, MOST) if conditional else MOST
    names = ["latents", "labels"] if conditional else ["latents"]
    call = chosen.call.format(
        file=chosen.file,
        classes=f"range({count})" if conditional else f"[0] * {count}",
        positional=", ".join(names),
        listed=f"[{', '.join(names)}]" if conditional else "latents",
        named=", ".join(f"{name}={name}" for name in names),
        mapped="{" + ", ".join(f'"{name}": {name}' for name in names) + "}",
    )
    if format_name == NPZ:
        return f"{chosen.imports}\n{call}\n"
    latents = PRIORS[config.latent_prior][1].format(count, config.latent_dim)
    lines = [chosen.imports, "", "rng = np.random.default_rng(0)", f"latents = {latents}"]
    if conditional:
        lines.append(f'labels = np.arange({count}, dtype="int32")')
    pixels = 'pixels = ((images + 1) * 127.5).round().astype("uint8")  # from 0 to 255'
    return "\n".join([*lines, call, pixels]) + "\n"
