"""A line that says its own points, as curves that grow do."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray


class Curve(Line2D):
    """A line that grows by what is added to it, and says only that."""

    def __init__(self, ax: Axes, **style: Any) -> None:
        super().__init__([], [], **style)
        self.points: NDArray[np.float64] = np.empty((0, 2))
        self.said = 0
        self.asked: list[bool] = []
        ax.add_line(self)

    def add(self, *points: tuple[float, float]) -> None:
        self.points = np.concatenate((self.points, np.reshape(points, (-1, 2))))
        self.set_data(*self.points.T)

    def replace(self, *points: tuple[float, float]) -> None:
        self.points, self.said = np.empty((0, 2)), 0
        self.add(*points)

    def scene_points(self, afresh: bool) -> tuple[NDArray[np.float64], bool]:
        self.asked.append(afresh)
        begin = 0 if afresh else self.said
        self.said = len(self.points)
        return self.points[begin:], begin > 0
