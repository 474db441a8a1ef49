"""Losses, as named terms of the logits; knows nothing of the config or of training.

TensorFlow is imported when a loss is computed, because the config reads the registries.
"""
