"""Plots TensorFlow training live in the notebook, on ipympl, without races.

Invariant: importing this package imports neither Matplotlib nor TensorFlow; what is used is imported when it is used.

>>> %load_ext tfwidget
>>> import tfwidget
>>> for images, labels in tfwidget.live(dataset):
...     tfwidget.log(loss=train_step(images, labels))
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from tfwidget.errors import (
    RunError,
    TensorError,
    TfwidgetError,
    TfwidgetWarning,
    UnsupportedError,
)

if TYPE_CHECKING:
    from tfwidget.background import start
    from tfwidget.keras.callback import LiveCallback
    from tfwidget.loop import live, log, tick
    from tfwidget.plot import Histogram, Image, Line, Panel
    from tfwidget.steering import knob
    from tfwidget.widget.knobs import Knob
    from tfwidget.widget.liveplot import LivePlot

__all__ = [
    "Histogram",
    "Image",
    "Knob",
    "Line",
    "LiveCallback",
    "LivePlot",
    "Panel",
    "RunError",
    "TensorError",
    "TfwidgetError",
    "TfwidgetWarning",
    "UnsupportedError",
    "__version__",
    "knob",
    "live",
    "load_ipython_extension",
    "log",
    "start",
    "tick",
    "unload_ipython_extension",
]

__version__ = version("tfwidget")

_HOMES = {
    "Histogram": "plot",
    "Image": "plot",
    "Knob": "widget.knobs",
    "Line": "plot",
    "LiveCallback": "keras.callback",
    "LivePlot": "widget.liveplot",
    "Panel": "plot",
    "knob": "steering",
    "live": "loop",
    "log": "loop",
    "start": "background",
    "tick": "loop",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tfwidget' has no attribute {name!r}")
    value = getattr(import_module(f"tfwidget.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


def load_ipython_extension(shell: Any) -> None:
    """Make ``%tfwidget`` and ``%matplotlib tfwidget`` known; called by ``%load_ext tfwidget``."""
    from tfwidget.magic import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take back what `load_ipython_extension` did."""
    from tfwidget.magic import unload

    unload(shell)
