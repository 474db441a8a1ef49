"""The package's version, and the folder that it lies in."""

import pathlib

VERSION = "0.4.0"
FOLDER = pathlib.Path(__file__).parents[1]
