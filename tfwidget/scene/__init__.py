"""The scene that a browser paints, as plain data. It knows neither Matplotlib nor Jupyter."""
