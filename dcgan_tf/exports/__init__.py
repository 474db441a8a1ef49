"""The generator in the formats of other programs; knows nothing of how it is trained."""
