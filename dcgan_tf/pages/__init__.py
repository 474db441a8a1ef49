"""Shows runs: pages of HTML, and the table of `compare`.  Training knows nothing of it."""
