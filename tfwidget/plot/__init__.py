"""Panels for a live figure: curves, pictures, histograms, and kinds of the user; and the board that arranges them.

Invariant: nothing here knows where frames come from or where they are sent. Nothing here uses pyplot.
"""

from tfwidget.plot.board import Board
from tfwidget.plot.histogram import Histogram
from tfwidget.plot.image import Image
from tfwidget.plot.line import Line
from tfwidget.plot.panel import Panel

__all__ = ["Board", "Histogram", "Image", "Line", "Panel"]
