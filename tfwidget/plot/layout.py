"""The layout of a figure: each panel has a cell.

Invariant: the cells fill the figure and do not overlap. Sizes are in points, so the layout is the same at each
resolution.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["EDGE", "HEADER", "Cell", "arrange", "cells"]

EDGE = 9.0  # points around all cells
HEADER = 29.0  # points above the axes, for title and header line
_BETWEEN = (14.0, 11.0)  # points between columns, and between rows
_FOOT = 14.5  # points below the axes, for tick labels
_LABEL = 10.0  # points below these, for the name of the axis
_BESIDE = 33.0  # points left of the axes, for tick labels
_BEST_ASPECT = 1.6  # width over height of the axes
_UNEVEN = 0.3  # the penalty of rows of unequal length, in the unit of a logarithm of an aspect


@dataclass(frozen=True, slots=True)
class Cell:
    """The place of one panel, in points from the figure's bottom left corner.

    Attributes
    ----------
    left, bottom, width, height : float
        The rectangle of the axes with its tick labels and header.
    foot : float
        The part of the height below the axes, for tick labels and the name of the axis.
    labelled : bool
        Whether the horizontal axis has its name here. The lowest row names it for those above.
    """

    left: float
    bottom: float
    width: float
    height: float
    foot: float
    labelled: bool

    @property
    def top(self) -> float:
        """The upper edge of the axes, below the header."""
        return self.bottom + self.height - HEADER


def arrange(count: int, width: float, height: float) -> list[int]:
    """Return the number of panels in each row.

    Each row fills the whole width. Rows with fewer, wider panels come first, because people look most at what is logged
    first.

    Parameters
    ----------
    count : int
        The number of panels.
    width, height : float
        The size of the figure, in points.
    """
    best: tuple[float, list[int]] = (math.inf, [])
    for rows in range(1, count + 1):
        few, more = divmod(count, rows)
        lengths = [few] * (rows - more) + [few + 1] * more
        tall = max(height / rows - HEADER - _FOOT - _BETWEEN[1], 1.0)
        aspects = [max(width / length - _BESIDE - _BETWEEN[0], 1.0) / tall for length in lengths]
        off = sum(length * abs(math.log(one / _BEST_ASPECT)) for length, one in zip(lengths, aspects, strict=True))
        best = min(best, (off / count + (_UNEVEN if more else 0.0), lengths))
    return best[1]


def cells(labels: Sequence[str], width: float, height: float, below: float) -> list[Cell]:
    """Return the cell of each panel, row by row.

    Parameters
    ----------
    labels : sequence of str
        For each panel, the name of its horizontal axis, or "". Each name is shown in the lowest row that has it.
    width, height : float
        The size of the figure, in points.
    below : float
        Points to be left free at the bottom.
    """
    lengths = arrange(len(labels), width, height)
    starts = [sum(lengths[:row]) for row in range(len(lengths))]
    rows = [labels[start : start + length] for start, length in zip(starts, lengths, strict=True)]
    said: list[set[str]] = []  # the names that each row shows, from the lowest row on
    for row in reversed(rows):
        said.append(set(row) - {""} - set().union(*said))
    said.reverse()
    free = height - EDGE - below - (len(rows) - 1) * _BETWEEN[1] - len(rows) * (HEADER + _FOOT)
    each = (free - _LABEL * sum(map(bool, said))) / max(len(rows), 1)
    top = height - EDGE
    found = []
    for row, says in zip(rows, said, strict=True):
        foot = _FOOT + (_LABEL if says else 0.0)
        cell_width = (width - 2 * EDGE - (len(row) - 1) * _BETWEEN[0]) / len(row)
        cell_height = HEADER + each + foot
        for column, label in enumerate(row):
            left = EDGE + column * (cell_width + _BETWEEN[0])
            found.append(Cell(left, top - cell_height, cell_width, cell_height, foot, label in says))
        top -= cell_height + _BETWEEN[1]
    return found
