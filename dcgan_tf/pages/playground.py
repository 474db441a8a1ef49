"""A page in which a run's generator draws in the browser, as one file of HTML."""

import base64
import html
import json
import pathlib
import re

import numpy as np

from dcgan_tf.config.presets import DIGITS
from dcgan_tf.datasets import sources
from dcgan_tf.pages import network
from dcgan_tf.runs.trained import TrainedRun
from dcgan_tf.support import atomic_files

TEMPLATES = pathlib.Path(__file__).parent / "templates"
FIRST_DIGITS = [2, 0, 2, 6]
FIRST_PICTURES = 6


def write(output: pathlib.Path, loaded: TrainedRun, *, discriminator: bool) -> None:
    """Writes the page.

    discriminator: whether it is restored, so that the page may show what it says.
    network.UnknownLayerError for networks that the page cannot run.
    """
    config = loaded.config
    title = (
        f"{config.mode.upper()} trained on {sources.short_name(config.dataset)}, "
        f"step {loaded.step:,}"
    )
    content = {
        "style": _template("playground.css"),
        **{name: _template(f"{name}.js") for name in ("network", "picture", "playground")},
        "title": html.escape(title),
        "text_label": (
            "Digits" if config.dataset in ("mnist", DIGITS) else "Classes, by number"
        ),
        # Within a <script> nothing may look like its end.
        "page": json.dumps(_data(loaded, discriminator)).replace("<", "\\u003c"),
    }
    # In one pass: what is filled in may look like a place to fill.
    text = re.sub(
        r"\{\{(\w+)\}\}", lambda found: content[found[1]], _template("playground.html")
    )
    atomic_files.write_bytes(output, text.encode())


def _template(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _data(loaded: TrainedRun, discriminator: bool) -> dict:
    """What playground.js reads."""
    config, gan = loaded.config, loaded.gan
    names = config.names if config.conditional else []
    digits = bool(names) and config.class_names is None and config.classes <= 10
    if digits and config.classes == 10:
        start = FIRST_DIGITS
    else:
        start = [n % len(names) if names else 0 for n in range(FIRST_PICTURES)]
    return {
        "shape": [config.height, config.width, config.channels],
        "latent_dim": config.latent_dim,
        "prior": config.latent_prior,
        "classes": config.classes,
        "names": names,
        "digits": digits,
        "start": start,
        "directions": _halves(network.principal_directions(gan.ema_generator)),
        "direction_count": network.DIRECTIONS,
        "boundary": gan.adversarial_loss.threshold or 0.0,
        "generator": network.describe(gan.ema_generator),
        "discriminator": network.describe(gan.discriminator) if discriminator else None,
        "discriminator_hint": _hint(loaded, discriminator),
    }


def _halves(values: np.ndarray) -> str:
    """Base64 of half-precision numbers, as network.js reads them."""
    return base64.b64encode(values.astype("<f2").tobytes()).decode()


def _hint(loaded: TrainedRun, discriminator: bool) -> str:
    if not discriminator:
        return (
            "This run holds its generator alone. The page of a run with checkpoints also "
            "shows what the discriminator says of each picture."
        )
    outputs = loaded.gan.discriminator.output
    classes = ", and which class it sees" if "classes" in outputs else ""
    compares = ""
    if loaded.gan.adversarial_loss.needs_pair:
        compares = " It has learnt to compare: only differences between pictures count."
    return (
        "Under each picture: how real it looks to the discriminator, the network that the "
        f"generator learnt against{classes}.{compares}"
    )
