"""How long this package's steps take beside others', on one machine: `compare` runs it."""
