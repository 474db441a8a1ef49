"""Tiny runs of the real code.  On the networks' real size, as their counts are published."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest

from dcgan_tf import config, data, datasets, runs, state, train


def pytest_collection_modifyitems(items):
    folder = os.environ.get("TFDS_DATA_DIR", "")
    if datasets.prepared("mnist", folder):
        return
    reason = f"MNIST is not prepared in TFDS_DATA_DIR={folder!r}"
    for item in items:
        if item.get_closest_marker("mnist"):
            item.add_marker(pytest.mark.skip(reason=reason))
