"""Precision by processor, a caller's settings that come back, and oneDNN."""

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
    """Catches bfloat16 where it is many times slower."""
    described = tmp_path / "cpuinfo"
    described.write_text(
        f"processor\t: 0\nvendor_id\t: {vendor}\nflags\t\t: {flags}\nbogomips\t: 5200.00\n"
    )
    assert tf_setup.auto_precision(str(described)) == precision
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


def in_a_new_process(expression, **environment):
    """What it is once TensorFlow began under these environment variables."""
    code = f"from dcgan_tf.support import tf_setup; tf_setup.start(); print({expression})"
    others = {n: v for n, v in os.environ.items() if n != "TF_ENABLE_ONEDNN_OPTS"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**others, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_without_bfloat16_in_onednn_it_is_float32():
    """Catches an error at the first step: oneDNN reads the limit once, when it begins."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if not cpuinfo.exists() or tf_setup.auto_precision() == "float32":
        pytest.skip("this machine trains in float32 anyway")
    limited = {"ONEDNN_MAX_CPU_ISA": "AVX2"}
    assert in_a_new_process("tf_setup.auto_precision()", **limited) == "float32"


@pytest.mark.skipif(
    platform.machine() != "x86_64", reason="oneDNN is TensorFlow's choice elsewhere"
)
@pytest.mark.parametrize(
    ("given", "used"), [({}, "1"), ({"TF_ENABLE_ONEDNN_OPTS": "0"}, "0")]
)
def test_onednn_is_used_unless_the_user_turns_it_off(given, used):
    """TensorFlow itself leaves it out on a processor with AVX2 alone."""
    assert in_a_new_process("tf_setup.conditions()['onednn']", **given) == used
