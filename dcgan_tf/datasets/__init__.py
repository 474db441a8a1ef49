"""Turns pictures of any kind into uint8 images in a cache; knows nothing of GANs."""
