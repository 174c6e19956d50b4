"""A plot for tests: it has no figure, and keeps what it is told to show."""

from collections.abc import Callable

from tfwidget.record.values import Frame
from tfwidget.run.run import Run
from tfwidget.run.status import Status
from tfwidget.widget.liveplot import LivePlot

__all__ = ["Recorder"]


class Recorder(LivePlot):
    """Keeps frames and statuses.

    Parameters
    ----------
    is_ready : bool, optional
        Whether its browser is always ready.

    Attributes
    ----------
    frames
        The frames shown, oldest first.
    statuses
        The statuses shown, with frames or alone.
    published
        In which state of the run its picture was put into the notebook.
    shown
        How often it was displayed.
    closed
        Whether it was closed.
    on_status
        Called with the run and each status.
    """

    def __init__(self, is_ready: bool = True) -> None:
        self.run: Run | None = None
        self.is_ready = is_ready
        self.frames: list[Frame] = []
        self.statuses: list[Status] = []
        self.published: list[str] = []
        self.shown = 0
        self.closed = False
        self.on_status: Callable[[Run, Status], object] = lambda run, status: None

    @property
    def the_run(self) -> Run:
        """The run shown now, which must be there."""
        assert self.run is not None
        return self.run

    def attach(self, run: Run) -> None:
        self.run = run

    def ready(self) -> bool:
        return self.is_ready

    def draw(self, frame: Frame | None, status: Status, *, still: bool) -> None:
        if frame is not None:
            self.frames.append(frame)
        self.statuses.append(status)
        self.on_status(self.the_run, status)

    def show(self) -> None:
        self.shown += 1

    def hide_figure(self) -> None:
        pass

    def publish_picture(self) -> None:
        self.published.append(self.the_run.state)

    def close(self) -> None:
        self.closed = True
