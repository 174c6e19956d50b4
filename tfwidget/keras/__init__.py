"""Keras' `fit` as a run."""
