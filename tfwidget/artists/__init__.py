"""Describes any figure of Matplotlib as a scene. It knows neither our panels nor Jupyter."""
