"""Finds, reads and batches labelled images; knows nothing of networks or runs."""
