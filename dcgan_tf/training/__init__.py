"""The training state, its update and the loop; knows nothing of the command line."""
