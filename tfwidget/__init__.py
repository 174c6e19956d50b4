"""Watch a TensorFlow model train, live, in a Matplotlib figure in Jupyter."""
