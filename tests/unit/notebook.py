"""Cells for tests, without IPython."""

from collections.abc import Callable

import pytest

from tfwidget.jupyter import cells

__all__ = ["Notebook"]


class Notebook:
    """Runs functions as cells; install it in the place of IPython's.

    Attributes
    ----------
    hooks
        What is to be called when a cell has ended.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hooks: list[Callable[[BaseException | None], object]] = []
        self._cell: str | None = None
        self._executions = 0
        monkeypatch.setattr(cells, "on_cell_end", self._on_cell_end)
        monkeypatch.setattr(cells, "running", lambda: self._cell is not None)
        monkeypatch.setattr(cells, "cell", lambda: (self._cell, f"execution {self._executions}"))

    def _on_cell_end(self, call: Callable[[BaseException | None], object]) -> Callable[[], None]:
        self.hooks.append(call)
        return lambda: self.hooks.remove(call)

    def run(self, code: Callable[[], object], cell: str = "a cell") -> BaseException | None:
        """Run a cell; return the exception that has ended it."""
        self._cell = cell
        self._executions += 1
        error: BaseException | None = None
        try:
            code()
        except BaseException as raised:
            error = raised
        for hook in list(self.hooks):
            hook(error)
        self._cell = None
        return error
