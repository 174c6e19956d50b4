"""The report of ``%tfwidget doctor``, for bug reports and for users who see no figure.

Invariant: it changes nothing, imports nothing heavy, and reports errors instead of raising them.
"""

import importlib.util
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from tfwidget.errors import UnsupportedError
from tfwidget.jupyter import cells, hosts

__all__ = ["report"]

_PACKAGES = "tfwidget ipykernel ipywidgets ipympl matplotlib jupyterlab numpy tensorflow tensorflow-cpu keras".split()  # noqa: SIM905


def report() -> str:
    """Return what this kernel and its packages can do, and advice where something is missing, line by line."""
    lines = [f"{'Python':16}{platform.python_version()}, {platform.system()}"]
    for package in _PACKAGES:
        try:
            lines.append(f"{package:16}{version(package)}")
        except PackageNotFoundError:
            lines.append(f"{package:16}not installed")
    lines.append(f"{'widgets answer while a cell runs':34}{_live()}")
    backend = "yes" if importlib.util.find_spec("ipympl") else "no: install ipympl"
    lines.append(f"{'%matplotlib tfwidget':34}{backend}")
    lines += [f"{what:34}{finding}" for what, finding in _figures().items()]
    return "\n".join(lines)


def _live() -> str:
    """Whether widgets answer while a cell runs, and what to do if they do not."""
    if not cells.in_kernel():
        return "no: this is not a Jupyter kernel"
    try:
        live = hosts.messages_arrive_during_cells()
    except UnsupportedError as error:
        return f"no: {error}"
    if live:
        return "yes"
    if host := hosts.known_host():
        return f"no: {host} sends nothing meanwhile; run the cell in the background, with %%tfwidget"
    return "no: this kernel reads messages between cells only; install ipykernel 7.1 or newer"


def _figures() -> dict[str, str]:
    """Which front end shows figures, and what to do if one does not appear."""
    host = hosts.known_host()
    try:
        by_ipympl = hosts.ipympl_shows()
    except ValueError as error:
        return {"figures are shown by": f"nobody: {error}"}
    if by_ipympl:
        shown_by = f"ipympl's front end, as pictures: {host or hosts.VARIABLE}"
    else:
        shown_by = "tfwidget's extension of JupyterLab"
    canvas: Any = sys.modules.get("tfwidget.canvas.canvas")
    if canvas is not None and canvas.Canvas.heard:
        return {"figures are shown by": shown_by, "a figure has answered": "yes"}
    if not by_ipympl:
        advice = (
            "install tfwidget where JupyterLab runs, too, and reload its page; where that cannot be, run "
            f"%env {hosts.VARIABLE}=ipympl before the figure is made"
        )
    elif host == "Colab":
        advice = "run google.colab.output.enable_custom_widget_manager() first"
    else:
        advice = "this host has to load the widgets of ipympl (jupyter-matplotlib); see its settings"
    return {"figures are shown by": shown_by, "a figure has answered": f"not yet. If one does not appear: {advice}"}
