"""Which front end shows the figures: tfwidget's extension of JupyterLab, or ipympl's own where that is not loaded.

Invariant: the front end of a figure is chosen once, when the figure is made. The user's choice comes first, then what
is known of the host.

Only JupyterLab, and what is built on it, loads extensions of JupyterLab. Other hosts load the scripts of widgets in
ways of their own. The hosts that load no extension can be recognised from inside the kernel:

- VS Code gives each cell an id that is an address of its own kind. Its environment variables are no sign: a JupyterLab
  started in its terminal has them, and a remote kernel that it connects to has not.
- Colab's kernel has imported Colab's library, and Kaggle's has an environment variable, before the first cell.
"""

import os
import sys

from tfwidget.jupyter import cells, owner, receiver

__all__ = ["VARIABLE", "ipympl_shows", "known_host", "messages_arrive_during_cells"]

VARIABLE = "TFWIDGET_FRONT_END"
"""The environment variable by which the user chooses the front end."""


def known_host() -> str | None:
    """Return the name of the host if it loads no extensions of JupyterLab, else None."""
    cell_id, _ = owner.cell_context().run(cells.cell)
    if (cell_id or "").startswith("vscode-notebook-cell:"):
        return "VS Code"
    if "KAGGLE_KERNEL_RUN_TYPE" in os.environ:
        return "Kaggle"
    if "google.colab" in sys.modules:
        return "Colab"
    return None


def ipympl_shows() -> bool:
    """Whether ipympl's front end is to show a figure that is made now, because tfwidget's is not loaded.

    Raises
    ------
    ValueError
        If the environment variable `VARIABLE` has an unknown value.
    """
    chosen = os.environ.get(VARIABLE, "")
    if chosen not in ("", "ipympl", "tfwidget"):
        raise ValueError(
            f"the environment variable {VARIABLE} must be 'ipympl', 'tfwidget' or empty, got {chosen!r}; "
            f"change it with %env {VARIABLE}=ipympl"
        )
    return chosen == "ipympl" or (not chosen and known_host() is not None)


def messages_arrive_during_cells() -> bool:
    """Whether the host sends messages while a cell is running, and this kernel receives them."""
    return receiver.messages_arrive_during_cells() and known_host() is None
