"""How good and how varied images are; knows nothing of training or of what is printed."""
