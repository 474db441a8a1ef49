"""Losses, as named terms of the logits; knows nothing of the config or of training."""
