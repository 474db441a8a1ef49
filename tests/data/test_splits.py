import contextlib
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from dcgan_tf.data import splits
from dcgan_tf.data.splits import Split
from dcgan_tf.datasets import sources
from dcgan_tf.datasets.sources import Options
from dcgan_tf.support import atomic_files, errors


def prepare(folder, name="mnist", version="3.0.1"):
    """Files that look as if tensorflow-datasets had prepared `name`, without content."""
    place = folder / name / version
    place.mkdir(parents=True)
    (place / "dataset_info.json").write_text("{}")
    (place / f"{name}-train.tfrecord-00000-of-00001").touch()


def test_another_version_is_not_downloaded_over(tmp_path, no_network):
    prepare(tmp_path, version="1.0.0")
    with pytest.raises(errors.RunError, match="another version"):
        splits.load(sources.find("mnist", Options(str(tmp_path))), "train")


def test_damaged_files_are_one_line(tmp_path, no_network):
    prepare(tmp_path)
    with pytest.raises(errors.RunError, match=r"--dataset=mnist could not be read") as told:
        splits.load(sources.find("mnist", Options(str(tmp_path))), "train")
    assert "\n" not in str(told.value)


@pytest.mark.mnist
def test_mnist_is_read_whole():
    mnist = sources.find("mnist")
    train, test = (splits.load(mnist, split) for split in ("train", "test"))
    assert (len(train.images), len(test.images)) == (60_000, 10_000)
    assert train.images.dtype == tf.uint8
    # The counts of the training labels are facts of MNIST.
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(train.labels).tolist() == counts


def of(split, rows):
    return Split(tf.gather(split.images, rows), tf.gather(split.labels, rows))


def test_a_fingerprint_tells_of_images_labels_and_order(few):
    found = few.fingerprint()
    assert (found["images"], found["shape"]) == (48, [28, 28, 1])
    assert of(few, np.arange(48)).fingerprint() == found
    for other in (
        of(few, np.arange(47)),
        of(few, np.arange(48)[::-1]),
        Split(few.images, tf.roll(few.labels, 1, 0)),
        Split(255 - few.images, few.labels),
    ):
        assert other.fingerprint()["sha256"] != found["sha256"]


def test_a_content_hash_tells_of_labelled_images_in_whatever_order(few):
    assert of(few, np.arange(48)[::-1]).content_hash() == few.content_hash()
    for other in (
        of(few, np.arange(47)),
        of(few, [0, *range(47)]),
        Split(few.images, tf.roll(few.labels, 1, 0)),
    ):
        assert other.content_hash() != few.content_hash()


BUILDER = """
import os
import numpy as np
import tensorflow_datasets as tfds

class Builder(tfds.core.GeneratorBasedBuilder):
    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        image = tfds.features.Image(shape=(28, 28, 1))
        label = tfds.features.ClassLabel(num_classes=2)
        features = tfds.features.FeaturesDict({"image": image, "label": label})
        return self.dataset_info_from_configs(features=features)

    def _split_generators(self, _):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        assert "SECOND" not in os.environ, "it is prepared twice"
        for number in range(20):
            yield number, {"image": np.zeros((28, 28, 1), np.uint8), "label": number % 2}
"""
SECOND = """
import pathlib
from dcgan_tf.support import tf_setup
tf_setup.start()
import slow_set.slow_set_dataset_builder
from dcgan_tf.datasets import prepared
builder = prepared.download("slow_set", pathlib.Path("sets"))
print(builder.info.splits["train"].num_examples, flush=True)
"""


def test_of_two_first_runs_one_prepares_the_set_and_the_other_waits(tmp_path, monkeypatch):
    """Their temporary folders would become the same one, and one of the runs would fail."""
    (tmp_path / "slow_set").mkdir()
    (tmp_path / "slow_set" / "__init__.py").touch()
    (tmp_path / "slow_set" / "slow_set_dataset_builder.py").write_text(BUILDER)
    (tmp_path / "sets").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    import slow_set.slow_set_dataset_builder  # noqa: F401

    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    with contextlib.ExitStack() as lock:
        lock.enter_context(atomic_files.alone_in(tmp_path / "sets", "tests"))
        with subprocess.Popen(
            [sys.executable, "-c", SECOND],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path, "SECOND": "1"},
            stdout=subprocess.PIPE,
            text=True,
        ) as second:
            try:
                told = "waiting for another process that prepares a data set in sets\n"
                assert second.stdout.readline() == told
                tfds.builder("slow_set", data_dir=tmp_path / "sets").download_and_prepare()
            finally:
                lock.close()
            assert second.stdout.read() == "20\n"
