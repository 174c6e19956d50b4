"""Panels for a live figure: curves, pictures, distributions, and the board that arranges them (never with pyplot).

Invariant: nothing here knows where frames come from or where the picture goes.
"""

from tfwidget.plot.board import Board
from tfwidget.plot.histogram import Histogram
from tfwidget.plot.image import Image
from tfwidget.plot.line import Line

__all__ = ["Board", "Histogram", "Image", "Line"]
