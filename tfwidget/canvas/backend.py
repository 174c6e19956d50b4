"""The Matplotlib backend ``tfwidget``: the canvas of pyplot's figures and of live plots.

Invariant: a figure of pyplot that was made in interactive mode is shown once, at the latest when its cell ends.
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
    """Connects a figure's canvas and toolbar, and shows figures for pyplot."""

    def __init__(self, canvas: Canvas, num: int | str) -> None:
        # Not ipympl's own __init__, which would make its unconfined toolbar.
        FigureManagerWebAgg.__init__(self, canvas, num)
        self.web_sockets = [canvas]
        self.toolbar = Toolbar(canvas)

    @classmethod
    def create_with_canvas(cls, canvas_class: type, figure: Figure, num: int | str) -> "FigureManager":
        """Make the canvas and the manager of a pyplot figure. In interactive mode it is shown when the cell ends."""
        manager: FigureManager = super().create_with_canvas(canvas_class, figure, num)
        _to_show.watch()
        _to_show.add(manager)
        return manager

    def show(self) -> None:
        """Display the figure, or draw it again if it is displayed already.

        If another thread calls this, the owner thread shows the figure in the newest cell. Later changes by the other
        thread are reported.
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

        Figures of other backends are left alone: ipympl would display its own once more at each call.
        """
        for manager in Gcf.get_all_fig_managers():
            if isinstance(manager, cls):
                manager.show()

    def refresh_all(self) -> None:
        """Show what Agg has drawn."""
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
        # A figure of another thread need not be ready when the cell ends. That thread calls `show` when it is.
        if not is_interactive() or not owner.on_owner_thread():
            return
        self._managers.append(manager)
        if not cells.running():
            # No cell will end, as in a background training. The context is that of the cell that started it.
            context = contextvars.copy_context()
            owner.mailbox.post(lambda: manager in self._managers and context.run(manager.show))

    def discard(self, manager: FigureManager) -> None:
        if manager in self._managers:
            self._managers.remove(manager)

    def show(self) -> None:
        for manager in list(self._managers):
            manager.show()


_to_show = _ToShow()

# ``%matplotlib tfwidget`` only imports this module, and another thread may make the first figure: so watch from here.
cells.watch_cells()

_limit = Limit()  # shared by all figures, also by those that pyplot makes


class FigureCanvas(Canvas):
    """The canvas of all figures of this kernel."""

    manager_class = FigureManager

    def __init__(self, figure: Figure) -> None:
        super().__init__(figure, limit=_limit)


def new_canvas(figsize: tuple[float, float]) -> FigureCanvas:
    """Make a figure that pyplot does not know, and its canvas; `figsize` in inches."""
    canvas = FigureCanvas(Figure(figsize=figsize))
    FigureManager(canvas, 0)
    canvas.watch_mutations()
    return canvas
