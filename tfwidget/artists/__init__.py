"""Any figure of Matplotlib as a scene. Knows neither panels of ours nor Jupyter."""
