import threading

import pytest

from dcgan_tf.datasets import sources
from dcgan_tf.datasets.sources import Options
from dcgan_tf.support import errors


def prepare(folder, name="mnist"):
    place = folder / name / "3.0.1"
    place.mkdir(parents=True)
    (place / "dataset_info.json").write_text("{}")
    (place / f"{name}-train.tfrecord-00000-of-00001").touch()


def test_auto_takes_mnist_where_it_is_prepared(tmp_path, monkeypatch, no_network):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "other"))
    prepare(tmp_path)
    found = sources.find("auto", Options(str(tmp_path)))
    assert (found.name, found.prepared, found.folder) == ("mnist", True, tmp_path)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    assert sources.find("auto").name == "mnist"


def test_auto_takes_the_digits_where_nothing_is_to_be_had(tmp_path, no_network):
    assert sources.find("auto", Options(str(tmp_path))).name == "digits"


def test_auto_takes_mnist_where_its_host_answers(tmp_path, monkeypatch):
    url = (tmp_path / "file").as_uri()
    monkeypatch.setitem(sources._KNOWN, "mnist", (url, None))
    (tmp_path / "file").touch()
    found = sources.find("auto", Options(str(tmp_path)))
    assert (found.name, found.prepared) == ("mnist", False)
    assert "to be downloaded" in str(found)


def test_a_size_is_not_forgotten_with_the_default_data_set(tmp_path, no_network):
    options = Options(str(tmp_path), size=(32, 32))
    with pytest.raises(errors.UsageError, match="--dataset=digits: has images of 28x28x1"):
        sources.find("auto", options)


def test_a_host_that_never_answers_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "ANSWER_SECONDS", 0.05)
    over, answered = threading.Event(), threading.Event()

    def hang(*_, **__):
        over.wait(60)
        answered.set()
        raise OSError

    monkeypatch.setattr("urllib.request.urlopen", hang)
    try:
        with pytest.raises(errors.UsageError, match=r"--dataset=mnist.*--dataset=digits"):
            sources.find("mnist", Options(str(tmp_path)))
        assert not answered.is_set()
    finally:
        over.set()


def test_unknown_names_are_told_the_near_ones(tmp_path, no_network):
    with pytest.raises(errors.UsageError, match=r"--dataset=mnits.*mnist"):
        sources.find("mnits", Options(str(tmp_path)))


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "kmnist"])
def test_what_is_known_of_a_set_is_what_tensorflow_datasets_says(tmp_path, name):
    import tensorflow_datasets as tfds

    builder = tfds.builder(name, data_dir=tmp_path)
    url, class_names = sources._KNOWN[name]
    assert url in builder.url_infos
    names = builder.info.features["label"].names
    assert names == list(class_names or map(str, range(10)))
    assert builder.info.features["image"].shape == sources.MNIST.shape
    assert builder.info.features["label"].num_classes == sources.MNIST.classes == 10
    assert sources.find("digits").spec == sources.MNIST


def test_a_folder_without_the_files_is_not_prepared(tmp_path, no_network):
    (tmp_path / "mnist" / "3.0.1").mkdir(parents=True)
    (tmp_path / "mnist" / "3.0.1" / "dataset_info.json").write_text("{}")
    assert sources.find("auto", Options(str(tmp_path))).name == "digits"
