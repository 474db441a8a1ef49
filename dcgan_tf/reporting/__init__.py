"""What a run shows: logs, grids, GIF, TensorBoard; knows nothing of how it is trained."""
