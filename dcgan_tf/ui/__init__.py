"""A local page: from a folder of pictures to a trained generator."""
