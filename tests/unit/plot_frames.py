"""Figures and frames for the tests of the plots."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tfwidget.plot.board import Board
from tfwidget.plot.panel import Cell, Panel
from tfwidget.plot.theme import LIGHT
from tfwidget.record.history import Frame, History, Value

P = TypeVar("P", bound=Panel)
CELL = Cell(9.0, 9.0, 300.0, 200.0, 13.0, True)


def new_figure(width: float = 640, height: float = 360, dpi: float = 100.0) -> Figure:
    figure = Figure(figsize=(width / 100.0, height / 100.0), dpi=dpi)
    FigureCanvasAgg(figure)
    return figure


def new_board(width: float = 900, height: float = 600, **options: int) -> Board:
    return Board(new_figure(width, height), **options)


def new_panel(kind: type[P], name: str = "x") -> P:
    panel = kind(new_figure(), name, LIGHT)
    panel.place(CELL)
    return panel


def frame(
    scalars: Mapping[str, object] | None = None,
    tensors: Mapping[str, object] | None = None,
    *,
    step: int = 0,
    kind: str | None = None,
    errors: Mapping[str, str] | None = None,
    **options: object,
) -> Frame:
    """Scalars: values of the steps from 0 on. Tensors: arrays."""
    history = History()
    for name, values in (scalars or {}).items():
        array = np.asarray(values, np.float64)
        history.extend(name, np.arange(len(array)), array)
    values = {name: Value(step, np.asarray(array), kind, options) for name, array in (tensors or {}).items()}
    return Frame(step, history, values, dict(errors or {}))


def pixels(figure: Figure) -> np.ndarray:
    """A full draw, which leaves out what moves."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba()).copy()


def live_pixels(board: Board) -> np.ndarray:
    """What a person sees: a full draw, and what moves over it."""
    board.figure.canvas.draw()
    for artist in board.moving:
        artist.axes.draw_artist(artist)
    return np.asarray(board.figure.canvas.buffer_rgba()).copy()
