"""The Matplotlib backend ``tfwidget``: figures of pyplot and those of live plots, on tfwidget's canvas.

Invariant: a figure of pyplot that was made in interactive mode is shown once, at the end of its cell at the latest.
"""

import contextvars

from ipympl.backend_nbagg import FigureManager as IpymplManager
from ipympl.backend_nbagg import Toolbar as IpymplToolbar
from matplotlib import is_interactive
from matplotlib._pylab_helpers import Gcf
from matplotlib.backends.backend_webagg_core import FigureManagerWebAgg
from matplotlib.figure import Figure

from tfwidget.canvas.canvas import Canvas
from tfwidget.canvas.flow import Limit
from tfwidget.jupyter import cells, owner
from tfwidget.jupyter.confined import Confined

__all__ = ["FigureCanvas", "FigureManager", "Toolbar", "new_canvas"]


class Toolbar(Confined, IpymplToolbar):
    """ipympl's toolbar, confined to the owner thread."""

    def home(self, *args: object) -> None:
        """Show the first view again, and follow the data."""
        super().home(*args)
        self.canvas.on_home()

    def remember_first_view(self) -> None:
        """Remember the present limits as those that Home brings back, unless there are some already."""
        if self._nav_stack() is None:
            self.push_current()


class FigureManager(IpymplManager):
    """Ties a figure's canvas and toolbar together; for pyplot, shows figures when they are due."""

    def __init__(self, canvas: Canvas, num: int | str) -> None:
        # Not ipympl's own __init__, which would make its unconfined toolbar.
        FigureManagerWebAgg.__init__(self, canvas, num)
        self.web_sockets = [canvas]
        self.toolbar = Toolbar(canvas)

    @classmethod
    def create_with_canvas(cls, canvas_class: type, figure: Figure, num: int | str) -> "FigureManager":
        """Make the canvas and the manager of a pyplot figure; in interactive mode the end of the cell shows it."""
        manager: FigureManager = super().create_with_canvas(canvas_class, figure, num)
        _to_show.watch()
        _to_show.add(manager)
        return manager

    def show(self) -> None:
        """Display the figure, or draw it again where it is displayed already.

        Called on another thread, it hands the figure over: the owner thread shows it, in the newest cell. What the
        other thread changes from then on is reported.
        """
        if not owner.on_owner_thread():
            self.canvas.watch_mutations()
            context = owner.cell_context()
            owner.mailbox.post(lambda: context.run(self.show))
            return
        if self.canvas._closed:
            self.canvas._closed = False
            _to_show.discard(self)
            self.canvas.watch_mutations()
            cells.publish(self.canvas)
            self.canvas.draw_idle()
        elif self.canvas.figure.stale:
            self.canvas.draw_idle()

    @classmethod
    def pyplot_show(cls, *, block: bool | None = None) -> None:
        """Show all figures of pyplot. It never blocks: the notebook stays usable.

        Those that another backend made stay as they are; ipympl would display its own once more at each call.
        """
        for manager in Gcf.get_all_fig_managers():
            if isinstance(manager, cls):
                manager.show()

    def refresh_all(self) -> None:
        """Show what was drawn."""
        self.canvas.show_drawn()

    def destroy(self) -> None:
        """Close the canvas and its comms."""
        _to_show.discard(self)
        self.canvas.close()


class _ToShow:
    """Figures of pyplot that were made in interactive mode and not shown yet."""

    def __init__(self) -> None:
        self._managers: list[FigureManager] = []
        self._watching = False

    def watch(self) -> None:
        if not self._watching:
            self._watching = True
            cells.on_cell_end(lambda _error: self.show())

    def add(self, manager: FigureManager) -> None:
        # What another thread makes is not ready when the cell ends; that thread says when, by `show`.
        if not is_interactive() or not owner.on_owner_thread():
            return
        self._managers.append(manager)
        if not cells.running():
            # As by a training in the background: the cell has ended already, and its output shows what is made for it.
            context = contextvars.copy_context()
            owner.mailbox.post(lambda: manager in self._managers and context.run(manager.show))

    def discard(self, manager: FigureManager) -> None:
        if manager in self._managers:
            self._managers.remove(manager)

    def show(self) -> None:
        for manager in list(self._managers):
            manager.show()


_to_show = _ToShow()

# Importing the backend is all that ``%matplotlib tfwidget`` does, and the first figure may be another thread's.
cells.watch_cells()

_limit = Limit()  # for all figures, also those that pyplot makes and nobody else knows


class FigureCanvas(Canvas):
    """The canvas of all figures of this kernel."""

    manager_class = FigureManager

    def __init__(self, figure: Figure) -> None:
        super().__init__(figure, limit=_limit)


def new_canvas(figsize: tuple[float, float]) -> FigureCanvas:
    """Make a figure that pyplot does not know, of so many inches, and its canvas."""
    canvas = FigureCanvas(Figure(figsize=figsize))
    FigureManager(canvas, 0)
    canvas.watch_mutations()
    return canvas
