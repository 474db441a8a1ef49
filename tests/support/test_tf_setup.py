import os
import pathlib
import platform
import random
import subprocess
import sys

import keras
import pytest
import tensorflow as tf

from dcgan_tf.support import errors, tf_setup

pytestmark = pytest.mark.skipif(
    bool(tf.config.list_physical_devices("GPU")), reason="where there is a GPU, it counts"
)


@pytest.mark.parametrize(
    ("vendor", "flags", "precision"),
    [
        ("GenuineIntel", "fpu avx2 avx512_bf16 amx_bf16 amx_tile", "bfloat16"),
        ("GenuineIntel", "fpu avx2 avx512_bf16 avx512_fp16", "float32"),
        ("AuthenticAMD", "fpu avx2 avx512_bf16", "bfloat16"),
        ("AuthenticAMD", "fpu avx2 avx512f avx512_vnni", "float32"),
    ],
)
def test_auto_is_bfloat16_on_some_processors(tmp_path, vendor, flags, precision):
    described = tmp_path / "cpuinfo"
    described.write_text(
        f"processor\t: 0\nvendor_id\t: {vendor}\nflags\t\t: {flags}\nbogomips\t: 5200.00\n"
    )
    assert tf_setup.auto_precision(str(described)) == precision


def test_a_processor_that_no_file_describes_uses_float32(tmp_path):
    assert tf_setup.auto_precision(str(tmp_path / "none")) == "float32"


def test_keras_with_another_backend_is_told(monkeypatch):
    """As where a program that uses JAX has imported it."""
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(errors.RunError, match=r"KERAS_BACKEND=jax, and dcgan_tf needs"):
        tf_setup.start()


def test_the_callers_keras_and_random_state_come_back():
    """Of whoever loads a generator in a program that uses Keras for something else."""
    state = random.getstate()
    keras.config.set_floatx("float64")
    keras.config.set_image_data_format("channels_first")
    try:
        with tf_setup.as_library():
            assert keras.config.floatx() == "float32"
            assert keras.config.image_data_format() == "channels_last"
            random.random()
        assert keras.config.floatx() == "float64"
        assert keras.config.image_data_format() == "channels_first"
        assert random.getstate() == state
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_image_data_format("channels_last")


def test_without_bfloat16_in_onednn_it_is_float32():
    """In a process of its own: the limit is read once, when oneDNN begins."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if not cpuinfo.exists() or tf_setup.auto_precision() == "float32":
        pytest.skip("this machine trains in float32 anyway")
    code = (
        "from dcgan_tf.support import tf_setup; tf_setup.start(); "
        "print(tf_setup.auto_precision())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "float32\n"


def test_onednn_is_used_unless_the_user_turns_it_off():
    """TensorFlow itself leaves it out on a processor with AVX2 alone."""
    if platform.machine() != "x86_64":
        pytest.skip("oneDNN is TensorFlow's choice on other processors")
    code = (
        "from dcgan_tf.support import tf_setup; tf_setup.start(); "
        "from tensorflow.python.util import _pywrap_util_port; "
        "import os; print(os.environ['TF_ENABLE_ONEDNN_OPTS'], "
        "_pywrap_util_port.IsMklEnabled(), tf_setup.conditions()['onednn'])"
    )
    environment = {n: v for n, v in os.environ.items() if n != "TF_ENABLE_ONEDNN_OPTS"}
    for given, expected in (
        ({}, "1 True 1\n"),
        ({"TF_ENABLE_ONEDNN_OPTS": "0"}, "0 False 0\n"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**environment, **given},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == expected
