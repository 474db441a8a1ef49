"""Pages of a run, each one file of HTML; knows nothing of training."""
