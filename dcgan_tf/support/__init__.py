"""Files, arrays, errors, signals, progress, TensorFlow's set-up; knows nothing of GANs."""
