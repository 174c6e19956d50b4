"""Where the panels of a figure are.

Invariant: every panel has a cell of its own, the cells fill the figure and do not overlap; sizes are points, so that a
layout is the same at each resolution.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["EDGE", "HEADER", "Cell", "arrange", "cells"]

EDGE = 9.0  # points around everything
HEADER = 29.0  # points above the axes: title and header line
_BETWEEN = (14.0, 11.0)  # points between columns, between rows
_FOOT = 14.5  # for tick labels
_LABEL = 10.0  # for the name of an axis, below them
_BESIDE = 33.0  # for tick labels beside the axes
_BEST_ASPECT = 1.6  # of the axes
_UNEVEN = 0.3  # what rows of unequal length cost, in units of the logarithm of the aspect


@dataclass(frozen=True, slots=True)
class Cell:
    """The place of one panel, in points from the figure's bottom left corner.

    Attributes
    ----------
    left, bottom, width, height : float
        The axes with its ticks and header.
    foot : float
        How much of the height is for tick labels under the axes.
    labelled : bool
        Whether the horizontal axis is named here: a row says it for those above.
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
    """How many panels go into each row.

    Every row fills the whole width. Rows with fewer, wider panels come first, for what is logged first is most looked
    at.

    Parameters
    ----------
    count : int
        Number of panels.
    width, height : float
        The figure's, in points.
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
    """The cell of each panel, row by row.

    Parameters
    ----------
    labels : sequence of str
        For each panel, what its horizontal axis is called, or "". Only the lowest row with a name says it.
    width, height : float
        The figure's, in points.
    below : float
        How much of the height is left free at the bottom.
    """
    lengths = arrange(len(labels), width, height)
    starts = [sum(lengths[:row]) for row in range(len(lengths))]
    rows = [labels[start : start + length] for start, length in zip(starts, lengths, strict=True)]
    said: list[set[str]] = []  # what each row says, from the lowest one on
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
