"""Pages of a run for a browser, each a file of its own; knows nothing of training."""
