"""Joins networks, losses and latents into a Gan; knows nothing of a run's folder."""
