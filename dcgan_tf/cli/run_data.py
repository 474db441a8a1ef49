"""The data set of a run, found again by a resume and by `evaluate`."""

import dataclasses
import os

from dcgan_tf.config.schema import Config
from dcgan_tf.datasets import sources
from dcgan_tf.datasets.sources import Dataset, Options
from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import errors

LEAST_HELD_OUT = 6  # images: five nearest neighbours of one


def moved_to(held: str, given: str | None) -> str | None:
    """Where the files of the data set `held` lie now, if `given` names a folder or file.

    They are told by their content.  UsageError for the place where they are no more.
    """
    if given is None or not sources.is_own(held):
        return None
    path = sources.own_path(given)
    if path is None and os.path.abspath(given) == held:
        raise errors.UsageError(
            f"--dataset={given}: there is no such folder or file; name where it lies now"
        )
    return None if path is None else str(path)


def find_again(run: Run, config: Config, options: Options) -> Dataset:
    """What a run is trained on; UsageError or RunError where it is not what it was."""
    options = dataclasses.replace(
        options,
        size=(config.height, config.width),
        channels=config.channels,
        skip_broken=True,  # what was skipped when the run began; its fingerprint tells
    )
    dataset = sources.find(config.dataset, options)
    spec = ImageSpec.of(config)
    if dataset.spec != spec:
        raise errors.RunError(
            f"{run.config_file}: says {spec.classes} classes of {spec}; {dataset.name} has "
            f"{dataset.spec.classes} of {dataset.spec}"
        )
    return dataset


def check_held_out(dataset: Dataset, asking: str) -> None:
    """UsageError where too few images are held out for what is `asking` to be measured."""
    if dataset.held_out < LEAST_HELD_OUT:
        raise errors.UsageError(
            f"{asking}: {dataset.name} has {dataset.held_out} held-out images, too few to "
            f"measure by; it needs {LEAST_HELD_OUT} or more"
        )
