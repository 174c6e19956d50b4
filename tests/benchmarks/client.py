"""A kernel whose messages are counted, a client that acknowledges its frames, and how results are told.

Invariant: while something is timed, the client notes what arrives, and acknowledges it; it decodes nothing.
"""

import contextlib
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tests.bootstrap import ROOT
from tests.kernel.harness import Json, Kernel, Message, Widget
from tests.kernels import AS_INSTALLED, write_specs

WORKLOAD = f"""
import sys, warnings
sys.path.insert(0, {str(ROOT)!r})
warnings.simplefilter("ignore")
from tests.benchmarks import cores
if {{pinned}}:
    cores.take(cores.KERNEL)
from tests.benchmarks import tools
from tests.benchmarks.workload import *
%load_ext tfwidget
"""
"""The cell that brings `tests.benchmarks.workload` into a kernel, on a core of its own where `pinned` is True."""


READY: Json = {
    "type": "ready",
    "device_pixel_ratio": 1,
    "theme": "light",
    "room": 900,
    "visible": True,
    "scene": 2,
    "client": "benchmark",
}
"""How a page of ours introduces itself."""


class Published(NamedTuple):
    """One message on iopub."""

    time: float
    """When it came, as ``time.perf_counter`` says, which is the same in all processes (Linux)."""
    size: int
    """Bytes of its content and buffers, about."""
    comm: bool
    frame: bool
    """Whether something in a figure moves."""


class WatchedKernel(Kernel):
    """A kernel that keeps count of what it publishes."""

    def __init__(self, version: str, specs: Path, cwd: Path) -> None:
        self.log_of_iopub: list[Published] = []
        self._counted = 0
        super().__init__(version, specs, cwd)

    def _published(self, message: Json, parent: str) -> None:
        size, self._counted = self.published - self._counted, self.published
        kind = message["msg_type"]
        frame = kind == "comm_msg" and is_frame(message["content"].get("data", {}), message["buffers"])
        self.log_of_iopub.append(Published(time.perf_counter(), size, kind.startswith("comm_"), frame))
        super()._published(message, parent)


def is_frame(data: Json, buffers: Sequence[object]) -> bool:
    """Whether a message of a comm moves something in a figure: tfwidget's, ipympl's or plotly's."""
    content = data.get("content", {})
    if content.get("type") == "scene":
        return bool(content["nodes"] or content["grown"])
    if isinstance(content.get("data"), str):
        return bool(buffers) and json.loads(content["data"]).get("type") == "binary"
    # plotly sets a trait to what is to be changed, and then to None.
    state = data.get("state", {})
    return any(state.get(name) is not None for name in ("_py2js_update", "_py2js_restyle"))


class Client:
    """Opens a view of each canvas as soon as it is displayed, as a browser does.

    Parameters
    ----------
    kernel : WatchedKernel
        The kernel to be the front end of.
    pinned : bool, optional
        Whether the kernel gets a core of its own.
    """

    def __init__(self, kernel: WatchedKernel, *, pinned: bool = False) -> None:
        self.kernel = kernel
        self._waiting: dict[str, bool] = {}
        """The canvases that are seen, and whether each waits for an image."""
        kernel.reactions[:] = [self._react]
        kernel.run(WORKLOAD.format(pinned=pinned), timeout=300)

    def _react(self, widget: Widget, message: Message) -> None:
        content = message.content
        new = widget.comm_id not in self._waiting
        if widget.model == "MPLCanvasModel":
            self._answer_ipympl(widget, message.data.get("type"), new)
        elif widget.model == "LiveCanvasModel" and new:
            self._waiting[widget.comm_id] = False
            widget.send(READY)
        if content.get("type") == "scene":
            for model, traits in content["updates"].items():
                if model in self.kernel.widgets:
                    self.kernel.widgets[model].state.update(traits)
            if content["ack"]:
                widget.send({"type": "frame_ack", "frame": content["frame"], "client": READY["client"]})
        elif widget.model == "LiveCanvasModel" and message.data.get("ack", True) and "frame" in message.data:
            widget.send({"type": "frame_ack", "frame": message.data["frame"], "client": READY["client"]})

    def _answer_ipympl(self, widget: Widget, kind: str | None, new: bool) -> None:
        """As ipympl's own front end: it asks for an image when it is told of one, unless it waits for one already."""
        if new:
            for request in ("refresh", "send_image_mode", "initialized"):
                widget.send_data(request)
        asks = kind == "draw" and not self._waiting.get(widget.comm_id)
        if asks:
            widget.send_data("draw")
        if new or asks or kind == "binary":
            self._waiting[widget.comm_id] = asks

    def call(self, expression: str, before: str = "", timeout: float = 600) -> Any:
        """Evaluate an expression in a cell of its own, after that of `before`."""
        self.kernel.run("tidy()")
        self.kernel.settle()
        self.kernel.forget()
        self.kernel.log_of_iopub.clear()
        if before:
            self.kernel.run(before, timeout=timeout)
            self.kernel.settle()
        self.kernel.run(f"result = {expression}", timeout=timeout)
        return self.kernel.evaluate("result", timeout=timeout)

    def published(self, began: float, ended: float) -> list[Published]:
        """What came between these times of the last call."""
        return [message for message in self.kernel.log_of_iopub if began <= message.time < ended]


@contextlib.contextmanager
def benchmarked(version: str, *, pinned: bool = False) -> Iterator[Client]:
    """A kernel in which the workload is imported, and its client."""
    with tempfile.TemporaryDirectory() as folder:
        specs = write_specs(Path(folder, "specs"), (version,), AS_INSTALLED)
        with contextlib.closing(WatchedKernel(version, specs, Path(folder))) as kernel:
            yield Client(kernel, pinned=pinned)


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """``median (lowest to highest)``; nothing of none."""
    if not values:
        return ""
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
