"""``%load_ext tfwidget``, and the ``%tfwidget`` magic.

Invariant: loading costs no import of TensorFlow or Matplotlib, loading twice changes nothing, and unloading takes back
what loading did.
"""

import importlib.util
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from IPython.core.error import UsageError

from tfwidget import kernel

__all__ = ["load", "unload"]

_USAGE = """\
%tfwidget status    what the run under way does
%tfwidget pause     pause it at the next step boundary
%tfwidget resume    go on
%tfwidget stop      end it at the next step boundary
%tfwidget doctor    what this kernel and its packages can do, for a bug report"""

_PACKAGES = "tfwidget ipykernel ipywidgets ipympl matplotlib jupyterlab numpy tensorflow tensorflow-cpu keras".split()  # noqa: SIM905


def load(shell: Any) -> None:
    """Register the magic."""
    shell.register_magic_function(_tfwidget, "line", "tfwidget")


def unload(shell: Any) -> None:
    """Take the magic back."""
    shell.magics_manager.magics["line"].pop("tfwidget", None)


def _tfwidget(line: str) -> None:
    """Steer the run under way, or tell about this installation; without an argument, list what there is."""
    command = line.strip() or "help"
    if command == "help":
        text = _USAGE
    elif command == "doctor":
        text = _doctor()
    elif command in ("status", "pause", "resume", "stop"):
        text = _steer(command)
    else:
        raise UsageError(f"%tfwidget: unknown command {command!r}\n\n{_USAGE}")
    print(text)  # noqa: T201  a magic's answer


def _steer(command: str) -> str:
    from tfwidget.bridge import current_run

    run = current_run()
    if run is None:
        return "No run is under way."
    if command != "status":
        getattr(run, command)()
    return repr(run)


def _doctor() -> str:
    lines = [f"{'Python':16}{platform.python_version()}, {platform.system()}"]
    for package in _PACKAGES:
        try:
            lines.append(f"{package:16}{version(package)}")
        except PackageNotFoundError:
            lines.append(f"{package:16}not installed")
    if not kernel.in_kernel():
        live = "no: this is not a Jupyter kernel"
    elif kernel.messages_arrive_during_cells():
        live = "yes"
    else:
        live = "no: this kernel has no subshells; install ipykernel 7.1 or newer"
    lines.append(f"{'widgets answer while a cell runs':34}{live}")
    backend = "yes" if importlib.util.find_spec("ipympl") else "no: install ipympl"
    lines.append(f"{'%matplotlib tfwidget':34}{backend}")
    return "\n".join(lines)
