"""Modules that are imported when they are first used: --help answers without TensorFlow."""

import importlib
from typing import TYPE_CHECKING, Any


class LazyModule:
    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)


if TYPE_CHECKING:
    import keras
    import tensorflow
else:
    keras, tensorflow = LazyModule("keras"), LazyModule("tensorflow")
