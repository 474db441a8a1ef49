"""Pages of HTML and the table of `compare`, from one record; knows nothing of training."""
