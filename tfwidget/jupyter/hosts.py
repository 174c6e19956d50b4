"""Which front end shows the figures: tfwidget's extension of JupyterLab, or ipympl's own where that is not loaded.

Invariant: it is chosen for each figure when it is made: as the user says, else by what is known of the host.

A host of notebooks loads the scripts of widgets in its own way, and only JupyterLab and what is built of it load its
extensions. Those that are known to load none can be told by what they leave in the kernel:

- VS Code names each cell by its address there. Its environment variables tell nothing: a JupyterLab that was started in
  its terminal has them, too, and a kernel elsewhere that it connects to has not.
- Colab's kernel has imported Colab's library, and Kaggle's has an environment variable, before the first cell.
"""

import os
import sys

from tfwidget.jupyter import cells, owner, receiver

__all__ = ["VARIABLE", "ipympl_shows", "known_host", "messages_arrive_during_cells"]

VARIABLE = "TFWIDGET_FRONT_END"
"""The environment variable by which the user chooses the front end."""


def known_host() -> str | None:
    """Name of the host, if it is one that loads no extension of JupyterLab."""
    cell_id, _ = owner.cell_context().run(cells.cell)
    if (cell_id or "").startswith("vscode-notebook-cell:"):
        return "VS Code"
    if "KAGGLE_KERNEL_RUN_TYPE" in os.environ:
        return "Kaggle"
    if "google.colab" in sys.modules:
        return "Colab"
    return None


def ipympl_shows() -> bool:
    """Whether ipympl's front end is to show a figure that is made now, as tfwidget's own would not be there."""
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
