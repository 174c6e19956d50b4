"""The record of a run: the series of its scalars, and its events.

Invariant: its size depends on the number of names only, not on the number of steps or events.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from tfwidget.record.pyramid import Steps, Values
from tfwidget.record.series import CAPACITY, Series

__all__ = ["EVENTS", "History"]

EVENTS = 1_000
"""The number of events that a history keeps: the newest."""


class History(Mapping[str, Series]):
    """What a run recorded: a `Series` for each scalar, in the order of first appearance, and the run's events.

    Parameters
    ----------
    capacity : int, optional
        Points that each series keeps exactly.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._series: dict[str, Series] = {}
        self.events: deque[tuple[int, str]] = deque(maxlen=EVENTS)
        """The newest `EVENTS` events, each as its step and what happened."""
        self.marks: deque[int] = deque(maxlen=EVENTS)
        """The steps at which something was changed by hand, in order, each once. The curves have marks there."""
        self._changes: dict[str, tuple[int, str]] = {}

    def __getitem__(self, name: str) -> Series:
        return self._series[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._series)

    def __len__(self) -> int:
        return len(self._series)

    def __repr__(self) -> str:
        return f"History({', '.join(f'{name}: {len(series):,} points' for name, series in self.items())})"

    def extend(self, name: str, steps: Sequence[int] | Steps, values: Sequence[float] | Values) -> None:
        """Add points to the series of this name, a new one if there is none yet; see `Series.extend`."""
        series = self._series.get(name)
        if series is not None:
            series.extend(steps, values)
            return
        series = Series(name, self._capacity)
        series.extend(steps, values)
        self._series[name] = series

    def note(self, step: int, event: str, changed: str | None = None) -> None:
        """Record an event.

        Parameters
        ----------
        step : int
            When it happened.
        event : str
            What happened.
        changed : str, optional
            The name of what was changed by hand. The step is marked on the curves. If one name changes several times at
            one step, only the last change is kept: a slider that is dragged passes through many values.
        """
        if changed is not None:
            before = self._changes.get(changed)
            if before is not None and before[0] == step and before in self.events:
                self.events.remove(before)
            self._changes[changed] = (step, event)
            if not self.marks or self.marks[-1] != step:
                self.marks.append(step)
        self.events.append((step, event))

    @property
    def nbytes(self) -> int:
        """Memory held by all series, in bytes."""
        return sum(series.nbytes for series in self._series.values())
