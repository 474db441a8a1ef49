"""A run on disk: config, checkpoints, its generator; knows nothing of how it is trained."""
