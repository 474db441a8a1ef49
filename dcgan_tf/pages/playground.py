"""A page in which a run's generator draws in the browser, as one file of HTML."""

import base64
from typing import Any

from dcgan_tf.config.presets import DIGITS
from dcgan_tf.datasets import source
from dcgan_tf.pages import network
from dcgan_tf.runs.trained import TrainedRun


def content(loaded: TrainedRun) -> dict[str, Any]:
    """Returns what picture.js and playground.js read."""
    config, generator = loaded.config, loaded.gan.ema_generator
    dataset = source.short_name(config.dataset)
    names = config.names if config.conditional else []
    digits = bool(names) and config.class_names is None and config.classes <= 10
    first = [number % max(1, len(names)) for number in range(6)]
    of_digits = config.dataset in ("mnist", DIGITS)
    directions = network.principal_directions(generator).astype("<f2")
    return {
        "title": f"{config.mode.upper()} trained on {dataset}, step {loaded.step:,}",
        "shape": [config.height, config.width, config.channels],
        "latent_dim": config.latent_dim,
        "prior": config.latent_prior,
        "classes": config.classes,
        "names": names,
        "digits": digits,
        "text_label": "Digits" if of_digits else "Classes, by number",
        "start": [2, 0, 2, 6] if digits and config.classes == 10 else first,
        "directions": base64.b64encode(directions.tobytes()).decode(),
        "direction_count": network.DIRECTIONS,
        "generator": network.describe(generator),
    }
