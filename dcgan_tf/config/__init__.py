"""Every choice of a run: bounds, defaults and presets; knows nothing of TensorFlow."""
