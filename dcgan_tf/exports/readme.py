"""The README of an exported generator: what it takes and gives, and code that uses it."""

from dcgan_tf.config.schema import Config
from dcgan_tf.datasets import sources
from dcgan_tf.exports.formats import FORMATS, NPZ

MOST = 10  # images that the code generates

TEXT = """\
# A generator of images

`{file}` is the generator of a GAN: mode {mode}, architecture {architecture}, trained on
{dataset} for {step:,} steps. {grid}

{contract}## Use it

With {needs}, in this folder:

```python
{code}```
{classes}"""

CONTRACT = """\
| | | |
|---|---|---|
| takes `latents` | float32 [N, {latent_dim}] | random: {prior} |
{labels}| gives `images` | float32 [N, {height}, {width}, {channels}] | from -1 to 1 |

N is any number of images.
"""
LABELS = "| takes `labels` | int32 [N] | classes by number, from 0 to {last} |\n"

PRIORS = {"normal": "standard normal", "uniform": "uniform from -1 to 1"}
LATENTS = {
    "normal": 'rng.standard_normal(({count}, {dim}), dtype="float32")',
    "uniform": 'rng.uniform(-1, 1, ({count}, {dim})).astype("float32")',
}
NEEDS = {
    NPZ: "the package dcgan_tf",
    "keras": "the package dcgan_tf, whose layers it has",
    "saved_model": "TensorFlow (`pip install tensorflow`)",
    "litert": "LiteRT (`pip install ai-edge-litert`)",
    "onnx": "ONNX Runtime (`pip install onnxruntime`)",
}
IMPORTS = {
    "keras": "import keras\nimport numpy as np\n\nimport dcgan_tf.models.layers",
    "saved_model": "import numpy as np\nimport tensorflow as tf",
    "litert": "import numpy as np\nfrom ai_edge_litert.interpreter import Interpreter",
    "onnx": "import numpy as np\nimport onnxruntime",
}
CALLS = {
    "keras": """\
generator = keras.saving.load_model("{file}")
images = generator({listed}, training=False).numpy()
""",
    "saved_model": """\
generator = tf.saved_model.load("{file}")
images = generator.serve({positional})["images"].numpy()
""",
    "litert": """\
generate = Interpreter("{file}").get_signature_runner("serve")
images = generate({named})["images"]
""",
    "onnx": """\
session = onnxruntime.InferenceSession("{file}")
[images] = session.run(["images"], {mapped})
""",
}


def text(config: Config, step: int, format_name: str) -> str:
    return TEXT.format_map(
        {
            **config.model_dump(),
            "dataset": sources.short_name(config.dataset),
            "step": step,
            "file": FORMATS[format_name].file,
            "grid": "`grid.png` shows its images"
            + (", a column for each class." if config.conditional else "."),
            "contract": "" if format_name == NPZ else f"{_contract(config)}\n",
            "needs": NEEDS[format_name],
            "code": code(config, format_name),
            "classes": _classes(config),
        }
    )


def _contract(config: Config) -> str:
    labels = LABELS.format(last=config.classes - 1) if config.conditional else ""
    prior = PRIORS[config.latent_prior]
    return CONTRACT.format_map({**config.model_dump(), "prior": prior, "labels": labels})


def code(config: Config, format_name: str) -> str:
    """Python that generates an image of each of the first classes, `images`."""
    count = min(config.classes, MOST) if config.conditional else MOST
    if format_name == NPZ:
        labels = f"range({count})" if config.conditional else f"[0] * {count}"
        return (
            'import dcgan_tf\n\nrun = dcgan_tf.load(".")\n'
            f"images = run.sample({labels}, seed=0)  # uint8\n"
        )
    names = ["latents", "labels"] if config.conditional else ["latents"]
    latents = LATENTS[config.latent_prior].format(count=count, dim=config.latent_dim)
    lines = [
        IMPORTS[format_name],
        "",
        "rng = np.random.default_rng(0)",
        f"latents = {latents}",
    ]
    if config.conditional:
        lines.append(f'labels = np.arange({count}, dtype="int32")')
    call = CALLS[format_name].format(
        file=FORMATS[format_name].file,
        positional=", ".join(names),
        listed=f"[{', '.join(names)}]" if config.conditional else "latents",
        named=", ".join(f"{name}={name}" for name in names),
        mapped="{" + ", ".join(f'"{name}": {name}' for name in names) + "}",
    )
    pixels = 'pixels = ((images + 1) * 127.5).round().astype("uint8")  # from 0 to 255\n'
    return "\n".join(lines) + "\n" + call + pixels


def _classes(config: Config) -> str:
    """The names of the classes, where they have other names than their numbers."""
    if not (config.conditional and config.class_names):
        return ""
    rows = "".join(f"- {number}: {name}\n" for number, name in enumerate(config.names))
    return f"\n## Classes\n\n{rows}"
