"""The one place that knows ipykernel and IPython."""
