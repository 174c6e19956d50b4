"""What a browser paints, as plain data. Knows neither Matplotlib nor Jupyter."""
