"""The axes of a panel.

Invariant: an error in drawing one panel ends neither the drawing of the figure nor that of the other panels.
"""

from collections.abc import Callable

from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase

__all__ = ["PanelAxes"]


class PanelAxes(Axes):
    """Axes whose artists may fail when they are drawn: the figure goes on where somebody takes the error."""

    on_error: Callable[[Exception], None] | None = None

    def draw(self, renderer: RendererBase) -> None:
        """Draw, as far as that goes."""
        try:
            super().draw(renderer)
        except Exception as error:  # of a kind's artists
            if self.on_error is None:
                raise
            self.on_error(error)
