"""The axes of a panel.

Invariant: an error in drawing one panel stops neither the drawing of the figure nor that of other panels.
"""

from collections.abc import Callable

from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase

__all__ = ["PanelAxes"]


class PanelAxes(Axes):
    """Axes that hand an error of drawing to `on_error`, so that the rest of the figure is drawn."""

    on_error: Callable[[Exception], None] | None = None

    def draw(self, renderer: RendererBase) -> None:
        """Draw the axes, up to the first error."""
        try:
            super().draw(renderer)
        except Exception as error:  # raised by an artist of the kind
            if self.on_error is None:
                raise
            self.on_error(error)
