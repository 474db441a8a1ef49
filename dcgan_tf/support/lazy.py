"""TensorFlow, imported when something of it is first used: --help answers without it."""

import importlib
from typing import TYPE_CHECKING, Any


class _LazyModule:
    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)


if TYPE_CHECKING:
    import tensorflow
else:
    tensorflow = _LazyModule("tensorflow")
