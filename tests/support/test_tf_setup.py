"""Precision by processor, Keras's backend, and oneDNN."""

import logging as py_logging
import os
import platform
import sys
import types

import keras
import pytest
import tensorflow as tf
from absl import logging

from dcgan_tf.support import errors, progress, tf_setup

pytestmark = pytest.mark.skipif(
    bool(tf.config.list_physical_devices("GPU")), reason="where there is a GPU, it counts"
)


@pytest.mark.parametrize(
    ("described", "precision"),
    [
        ("vendor_id\t: GenuineIntel\nflags\t: fpu avx512_bf16 amx_bf16", "bfloat16"),
        ("vendor_id\t: GenuineIntel\nflags\t: fpu avx512_bf16 avx512_fp16", "float32"),
        ("vendor_id\t: AuthenticAMD\nflags\t: fpu avx2 avx512_bf16", "bfloat16"),
        ("vendor_id\t: AuthenticAMD\nflags\t: fpu avx2 avx512_vnni", "float32"),
        (None, "float32"),  # another system
    ],
)
def test_auto_is_bfloat16_on_some_processors(tmp_path, monkeypatch, described, precision):
    """Catches bfloat16 where it is many times slower."""
    monkeypatch.setattr(tf_setup, "CPUINFO", tmp_path / "cpuinfo")
    if described:
        tf_setup.CPUINFO.write_text(described)
    assert tf_setup.auto_precision() == precision


def test_keras_with_another_backend_is_told(monkeypatch):
    """As where a program that uses JAX has imported it."""
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(errors.RunError, match="jax; set KERAS_BACKEND=tensorflow"):
        tf_setup.start()


def test_without_bfloat16_in_onednn_it_is_float32(tmp_path, monkeypatch):
    """Catches an error at the first step where the instruction set of oneDNN is limited."""

    def refuse(*_):
        raise tf.errors.UnimplementedError(None, None, "no bfloat16")

    monkeypatch.setattr(tf_setup, "CPUINFO", tmp_path / "cpuinfo")
    tf_setup.CPUINFO.write_text("flags\t: fpu amx_bf16")
    monkeypatch.setattr(tf.nn, "conv2d", refuse)
    assert tf_setup.auto_precision() == "float32"


@pytest.mark.skipif(
    platform.machine() != "x86_64", reason="oneDNN is TensorFlow's choice elsewhere"
)
def test_onednn_is_used_unless_the_user_turns_it_off(monkeypatch):
    """Catches a processor with AVX2 alone, for which TensorFlow itself leaves it out."""
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == tf_setup.conditions()["onednn"] == "1"
    before_keras = types.SimpleNamespace(modules={}, stderr=sys.stderr)
    monkeypatch.setattr(tf_setup, "sys", before_keras)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    tf_setup.import_quietly()
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "0"
    assert os.environ["KERAS_BACKEND"] == "tensorflow"


def test_calls_that_overlap_share_their_settings_and_put_back_the_caller_s():
    """Catches a call that ends and changes floats, or logging, under another's feet."""
    logger = logging.get_absl_logger()
    logger.setLevel("INFO")
    keras.config.set_floatx("float64")
    try:
        with tf_setup.as_library():
            first, second = tf_setup.as_library(), tf_setup.as_library()
            first.__enter__()
            second.__enter__()
            first.__exit__(None, None, None)
            assert (keras.config.floatx(), logger.level) == ("float32", py_logging.ERROR)
            second.__exit__(None, None, None)
        assert (keras.config.floatx(), logger.level) == ("float64", py_logging.INFO)
    finally:
        keras.config.set_floatx("float32")
        logger.setLevel("ERROR")


def test_without_a_stderr_nothing_is_held_back(monkeypatch):
    """Catches an error in a service, where sys.stderr is None."""
    monkeypatch.setattr(sys, "stderr", None)
    with tf_setup.quiet():
        assert [*progress.bar([1, 2], "items")] == [1, 2]
