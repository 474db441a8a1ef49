"""From a command line to what is run; knows nothing of how a GAN trains or is measured."""
