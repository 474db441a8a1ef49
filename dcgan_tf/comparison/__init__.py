"""Several runs side by side; knows nothing of TensorFlow."""
