"""The small widgets that a plot is made of.

Invariant: each widget is confined to the owner thread. Its state can travel in the scene messages of the plot's figure.
"""

import ipywidgets

from tfwidget.canvas.gather import Gathered
from tfwidget.jupyter.confined import Confined

__all__ = ["Button", "Html", "Progress", "Row", "ToggleButton"]


class Button(Gathered, ipywidgets.Button):
    """A button."""


class ToggleButton(Gathered, ipywidgets.ToggleButton):
    """A button that stays pressed."""


class Progress(Gathered, ipywidgets.FloatProgress):
    """A progress bar."""


class Html(Gathered, ipywidgets.HTML):
    """Text."""


class Row(Confined, ipywidgets.HBox):
    """A row of widgets. Its updates name other widgets, so they are sent in messages of their own."""
