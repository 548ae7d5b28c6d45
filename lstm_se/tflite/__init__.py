"""TensorFlow Lite: the network as a file of that format, and the interpreters that run it."""
