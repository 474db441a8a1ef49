"""The command as a user gives it: exit status, the one line, nothing left on the disk."""

import base64
import functools
import io
import json
import os
import pathlib
import re
import signal
import subprocess
import sys

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from dcgan_tf import main
from dcgan_tf.support import tf_setup


@pytest.fixture
def do(command):
    return functools.partial(command, "train")


def contents(folder):
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_dry_run_tells_and_writes_nothing(do, tmp_path):
    """The default on digits, and of Keras's networks what is not theirs."""
    status, out, err = do("--mode=acgan", "--dry_run", "--precision=float32")
    assert status == 0
    sizes = "1,717,993 parameters, 1,704,809 trained", "842,101"
    for words in (*sizes, "digits", "float32", "new run", "--class_head=adc"):
        assert words in out
    assert "warning: MNIST" in err
    given = ("--mode=acgan", "--architecture=keras_2018", "--dropout_rate=0")
    _, out, _ = do(*given, "--dataset=digits", "--dry_run", "--precision=float32")
    lines = dict(re.findall(r"^(not default|implied):(.*)$", out, re.MULTILINE))
    assert "--architecture=keras_2018" in lines["not default"]
    assert "--dropout_rate=0.0" in lines["not default"]  # though compact has the same
    assert "--max_translation=1" in lines["implied"]
    assert "latent_prior" not in lines["implied"]
    assert not list(tmp_path.iterdir())


def test_train_resume_and_complete(do, tmp_path):
    """config.json knows the rest; a resume says what may change the bits.

    The precision is settled when the run begins: on each machine it is the same run.
    """
    tiny = ["--mode=cgan", "--dataset=digits", "--batch_size=500", "--precision=auto"]
    status, out, err = do(*tiny, "--epochs=1")
    assert (status, err, "epoch 1/1" in out) == (0, "", True)
    precision = tf_setup.auto_precision()
    assert f"precision:      {precision}" in out
    assert "--precision" not in out  # it is no change of the settings
    content = json.loads((tmp_path / "checkpoints/cgan/config.json").read_text())
    assert content["config"]["dataset"] == "digits"
    assert content["config"]["precision"] == precision
    other = {"float32": "bfloat16", "bfloat16": "float32"}[precision]
    assert f"={other} (the run has {precision})" in do(*tiny, f"--precision={other}")[2]
    longer = ["--run_dir=checkpoints/cgan", "--dataset=digits", "--epochs=2"]
    status, out, err = do(*longer, "--devices=2")
    assert status == 0
    assert "with 1 of 2 epochs completed" in out
    assert "device:         2 x CPU" in out
    assert "epoch 2/2" in out
    assert err == (
        "warning: devices 2 (1 at first): the bits may differ from those of a run that "
        "went on as it began\n"
    )
    before = contents(tmp_path)
    assert "has already 2 epochs;" in do(*tiny, "--epochs=1")[1]
    status, out, _ = do(*tiny)
    assert (status, "is complete: 2 epochs" in out, "--epochs=4" in out) == (0, True, True)
    assert contents(tmp_path) == before
    content["config"]["dataset"] = "mnist"  # which is out of reach: nothing is read
    (tmp_path / "checkpoints/cgan/config.json").write_text(json.dumps(content))
    assert do("--run_dir=checkpoints/cgan", "--epochs=1")[0] == 0


def test_ctrl_c_saves_and_the_same_command_goes_on(tmp_path):
    """Catches TensorFlow's own lines, and settings of a user's keras.json that count."""
    keras = {"floatx": "float16", "image_data_format": "channels_first", "backend": "jax"}
    (tmp_path / "keras.json").write_text(json.dumps(keras))
    tiny = ["--mode=acgan", "--dataset=digits", "--batch_size=100", "--epochs=1"]
    settings = {
        "args": [sys.executable, "-m", "dcgan_tf.main", *tiny, "--precision=float32"],
        "cwd": tmp_path,
        "env": {**os.environ, "KERAS_HOME": str(tmp_path), "KERAS_BACKEND": "jax"},
        **dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True),
    }
    settings["env"]["PYTHONPATH"] = str(pathlib.Path(main.__file__).parents[1])
    with subprocess.Popen(**settings) as process:
        while "first step done" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (130, "SIGINT: saving; again to stop at once\n")
    assert out == "SIGINT: saved; the same command goes on from here\n"
    with subprocess.Popen(**settings) as process:
        out, err = process.communicate(timeout=240)
    assert (process.returncode, err) == (0, "")
    assert "with 0 of 1 epochs completed" in out
    assert "complete: 1 epoch;" in out
    assert "  dcgan-tf playground --run=" in out
    assert (tmp_path / "checkpoints/acgan/training.gif").exists()


def test_transparent_pictures_stay_transparent_to_the_page(do, command, tmp_path):
    """Catches a file, a page or a resume that takes four channels for three."""
    values = np.random.default_rng(0).integers(0, 256, (20, 16, 16, 4), np.uint8)
    for number, pixels in enumerate(values):
        path = tmp_path / "set" / ("cat", "dog")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    tiny = ["--batch_size=4", "--log_every_steps=1", "--precision=float32", "--run_dir=run"]
    status, out, _ = do("--dataset=set", "--channels=4", "--steps=2", *tiny)
    assert (status, "16x16x4" in out, "mode:           cgan" in out) == (0, True, True)
    status, out, _ = do("--run_dir=run", "--steps=3")
    assert (status, "resumed at step 2" in out) == (0, True)
    frame = iio.imread(tmp_path / "run" / "samples" / "step_0003.png")
    assert (frame.shape, frame[..., 3].min() < 255) == ((160, 32, 4), True)
    assert (tmp_path / "run" / "training.gif").stat().st_size
    for output in ("made", "made.npz", "made.png", "made.gif"):
        way = ["--morph=cat,dog"] if output.endswith("gif") else ["--per_class=1"]
        assert command("sample", "--run=run", *way, f"--output={output}")[0] == 0
    assert iio.imread(tmp_path / "made" / "cat" / "image_000000.png").shape == (16, 16, 4)
    assert np.load(tmp_path / "made.npz")["images"].shape == (2, 16, 16, 4)
    assert iio.imread(tmp_path / "made.png").shape[2] == 3, "on a checkerboard"
    alone = ("--morph=cat,dog", "--magnify=1", "--output=small.gif")
    assert command("sample", "--run=run", *alone)[0] == 0
    for name in ("report", "playground"):
        assert command(name, "--run=run", f"--output={name}.html")[0] == 0
    address = re.search(
        r"data:image/webp;base64,([^\"]+)", (tmp_path / "report.html").read_text()
    )
    assert Image.open(io.BytesIO(base64.b64decode(address[1]))).mode == "RGBA"


def test_a_run_that_falls_back_to_the_digits_says_so(do, tmp_path):
    """Which nobody asked for; who asks for them is told nothing."""
    _, _, err = do("--run_dir=run", "--batch_size=1000", "--steps=1")
    assert "This run trains on scikit-learn's 1,500 small digits instead" in err
    resume = ["--run_dir=run", "--steps=2", "--dry_run"]
    assert do(*resume, "--dataset=digits")[::2] == do(*resume)[::2] == (0, "")
    assert do("--run_dir=run")[::2] == (0, "")  # it is complete
