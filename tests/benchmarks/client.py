"""What the benchmarks share: a client that costs little, what came to it, and how results are told.

Invariant: while something is timed, the client copies and counts what arrives, and acknowledges it; it decodes nothing.
"""

import contextlib
import os
import platform
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from tests.bootstrap import ROOT
from tests.kernel.harness import Cell, Kernel, Message, View, Widget, started
from tests.kernels import AS_INSTALLED, write_specs

WORKLOAD = f"""
import sys, warnings
sys.path.insert(0, {str(ROOT)!r})
warnings.simplefilter("ignore")
from tests.benchmarks import workload
from tests.benchmarks.workload import *
%load_ext tfwidget
"""
"""The cell that brings `tests.benchmarks.workload` into a kernel."""


class Client:
    """Opens a view of each canvas as soon as it is displayed, as a browser does.

    Parameters
    ----------
    kernel : Kernel
        The kernel to be the front end of.
    streams : bool, optional
        Whether the views to come can paint what moves.
    """

    def __init__(self, kernel: Kernel, *, streams: bool = True) -> None:
        self.kernel = kernel
        self.streams = streams
        self._seen: set[str] = set()
        kernel.reactions[:] = [self._see]

    def _see(self, widget: Widget, message: Message) -> None:
        if widget.model in ("LiveCanvasModel", "MPLCanvasModel") and widget.comm_id not in self._seen:
            self._seen.add(widget.comm_id)
            View(widget, streams=self.streams, decodes=False)

    def forget(self) -> None:
        """Close what is shown, and let go of all that came so far."""
        self.kernel.run("tidy()")
        self.kernel.settle()
        self.kernel.reactions[:] = [self._see]
        self.kernel.forget()

    def call(self, expression: str, before: str = "", timeout: float = 600) -> tuple[Any, int, int]:
        """Evaluate an expression in a cell of its own, after that of `before`; returns its value, frames and bytes."""
        self.forget()
        if before:
            self.kernel.run(before, timeout=timeout)
            self.kernel.settle()
        frames, published = self.frames(), self.kernel.published
        cell = self.kernel.run(f"result = {expression}", timeout=timeout)
        frames, published = self.frames(cell) - frames, self.kernel.published - published
        return self.kernel.evaluate("result"), frames, published

    def frames(self, cell: Cell | None = None) -> int:
        """How many pictures, or data for one, came to widgets and as outputs of the cell."""
        with self.kernel._changed:
            widgets = list(self.kernel.widgets.values())
            sent = sum(bool(message.buffers) for widget in widgets for message in widget.messages)
            # plotly's sets a trait to what is to be changed, and then to None.
            sent += sum(
                key in ("_py2js_update", "_py2js_restyle") and value is not None
                for widget in widgets
                for update in widget.updates[1:]
                for key, value in update.items()
            )
        shown = [] if cell is None else cell.displayed
        widget = "application/vnd.jupyter.widget-view+json"  # has a picture only for those who lack the widget
        return sent + sum("image/png" in data and widget not in data for data in shown)

    def streamed(self) -> list[int]:
        """Bytes of each frame that was streamed without a base, in the last call."""
        with self.kernel._changed:
            messages = [message for widget in self.kernel.widgets.values() for message in widget.messages]
        streams = [m for m in messages if len(m.buffers) == 1 and m.data.get("type") == "stream"]
        return [len(m.content["data"]) + len(m.buffers[0]) for m in streams]


@contextlib.contextmanager
def workload(version: str) -> Iterator[Client]:
    """A kernel in which the workload is imported, and its client."""
    with tempfile.TemporaryDirectory() as folder:
        specs = write_specs(Path(folder, "specs"), (version,), AS_INSTALLED)
        with started(version, specs, Path(folder)) as kernel:
            client = Client(kernel)
            kernel.run(WORKLOAD, timeout=300)
            yield client


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """``median (lowest to highest)``."""
    low, middle, high = (format(f(values), form) for f in (min, statistics.median, max))
    return middle if len(values) == 1 else f"{middle} ({low} to {high})"


def table(title: str, *rows: Sequence[str]) -> None:
    """Print a table, whose first row is its head."""
    print(f"\n{title}\n")
    for number, row in enumerate(rows):
        print(f"| {' | '.join(row)} |")
        if number == 0:
            print("|---" * len(row) + "|", flush=True)


class Asked(Protocol):
    """What tells the value of an expression in a kernel."""

    def evaluate(self, expression: str) -> Any:
        """Return it."""
        ...


def machine(kernel: Asked) -> str:
    """A line that says what was measured on, and with."""
    packages = ("tensorflow", "keras", "matplotlib", "ipympl", "ipykernel")
    versions = kernel.evaluate(f"[__import__(name).__version__ for name in {packages}]")
    parts = ", ".join(f"{name} {version}" for name, version in zip(packages, versions, strict=True))
    load = ", ".join(f"{number:.1f}" for number in os.getloadavg())
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, {parts}; "
        f"load average {load}"
    )
