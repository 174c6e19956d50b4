"""Figures and frames for the tests of the plots."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tfwidget.plot.board import Board
from tfwidget.plot.header import Notice
from tfwidget.plot.layout import Cell
from tfwidget.plot.panel import Panel
from tfwidget.plot.theme import LIGHT
from tfwidget.record.history import History
from tfwidget.record.values import Frame, Value

P = TypeVar("P", bound=Panel)
CELL = Cell(9.0, 9.0, 300.0, 200.0, 13.0, True)


def new_figure(width: float = 640, height: float = 360, dpi: float = 100.0) -> Figure:
    figure = Figure(figsize=(width / 100.0, height / 100.0), dpi=dpi)
    FigureCanvasAgg(figure)
    return figure


def new_board(width: float = 900, height: float = 600, **options: int) -> Board:
    return Board(new_figure(width, height), **options)


def new_panel(kind: type[P], name: str = "x", cell: Cell = CELL, **options: object) -> P:
    panel = kind.make(new_figure(), [name], LIGHT, options)
    panel.place(cell)
    return panel


def frame(
    scalars: Mapping[str, object] | None = None,
    tensors: Mapping[str, object] | None = None,
    *,
    step: int = 0,
    kind: object = None,
    errors: Mapping[str, str] | None = None,
    kinds: Mapping[str, tuple[object, Mapping[str, object]]] | None = None,
    **options: object,
) -> Frame:
    """Scalars: values of the steps from 0 on. Tensors: arrays."""
    history = History()
    for name, values in (scalars or {}).items():
        array = np.asarray(values, np.float64)
        history.extend(name, np.arange(len(array)), array)
    values = {name: Value(step, np.asarray(array), kind, options) for name, array in (tensors or {}).items()}
    return Frame(step, history, values, dict(errors or {}), (), kinds or {})


def view_of(panel: Panel) -> tuple[tuple[float, float], tuple[float, float]]:
    return panel.ax.get_xlim(), panel.ax.get_ylim()


def moves(panel: Panel, shown: Frame) -> bool:
    """Whether the limits change with a frame."""
    before = view_of(panel)
    panel.update(shown)
    return view_of(panel) != before


def pixels(figure: Figure) -> np.ndarray:
    """What Agg draws."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba()).copy()  # type: ignore[attr-defined]


def panel_at(board: Board, index: int) -> Panel:
    panel = board.panels[index]
    assert isinstance(panel, Panel), panel
    return panel


def notice_at(board: Board, index: int) -> Notice:
    notice = board.panels[index]
    assert isinstance(notice, Notice), notice
    return notice


def kinds_of(board: Board) -> list[str]:
    """The names of the classes."""
    return [type(panel).__name__ for panel in board.panels]
