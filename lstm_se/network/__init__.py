"""The mask network: in NumPy and in Keras, its weights, and what is done to them after training."""
