"""TensorFlow and Keras, imported when they are first used: --help answers without them."""

import importlib
from typing import TYPE_CHECKING, Any


class _LazyModule:
    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)


if TYPE_CHECKING:
    import keras
    import tensorflow
else:
    keras, tensorflow = _LazyModule("keras"), _LazyModule("tensorflow")
