"""Layers and networks, by ImageSpec and options; knows nothing of losses or the config."""
