import keras
import pytest
import tensorflow as tf

from dcgan_tf.support import errors, tf_setup

pytestmark = pytest.mark.skipif(
    bool(tf.config.list_physical_devices("GPU")), reason="where there is a GPU, it counts"
)


@pytest.mark.parametrize(
    ("flags", "precision"),
    [
        ("fpu avx2 avx512_bf16 avx512_fp16", "bfloat16"),
        ("fpu amx_bf16 amx_tile", "bfloat16"),
        ("fpu avx2 avx512f avx512_vnni", "float32"),
    ],
)
def test_a_processor_with_bfloat16_instructions_uses_them(tmp_path, flags, precision):
    described = tmp_path / "cpuinfo"
    described.write_text(f"processor\t: 0\nflags\t\t: {flags}\nbogomips\t: 5200.00\n")
    assert tf_setup.native_precision(str(described)) == precision


def test_a_processor_that_no_file_describes_uses_float32(tmp_path):
    assert tf_setup.native_precision(str(tmp_path / "none")) == "float32"


def test_keras_with_another_backend_is_told(monkeypatch):
    """As where a program that uses JAX has imported it."""
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(errors.RunError, match=r"KERAS_BACKEND=jax, and dcgan_tf needs"):
        tf_setup.start()
