"""The small widgets that a plot is made of.

Invariant: each is confined to the owner thread, and its state can ride in the messages of the plot's figure.
"""

import ipywidgets

from tfwidget.canvas.gather import Gathered
from tfwidget.jupyter.confined import Confined

__all__ = ["Button", "Html", "Progress", "Row", "ToggleButton"]


class Button(Gathered, ipywidgets.Button):
    """A button."""


class ToggleButton(Gathered, ipywidgets.ToggleButton):
    """A button that stays down."""


class Progress(Gathered, ipywidgets.FloatProgress):
    """A progress bar."""


class Html(Gathered, ipywidgets.HTML):
    """Text."""


class Row(Confined, ipywidgets.HBox):
    """A row of widgets. Its children are widgets, so what it is told goes in messages of its own."""
