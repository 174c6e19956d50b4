"""Tick positions and labels: short, plain text, never mathtext.

Invariant: the labels of one axis differ from each other, and all digits that they show are exact.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.ticker import Formatter, Locator, MaxNLocator

__all__ = ["LogFormatter", "LogLocator", "StepFormatter", "ValueFormatter", "compact"]

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def compact(value: float, digits: int = 3) -> str:
    """Return a number in a few characters: ``0.0123``, ``1.2e−5``, ``NaN``."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Inf" if value > 0 else "−Inf"
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    if exponent and 0 <= int(exponent) < 5:  # 12,300 rather than 1.23e4
        return f"{float(f'{value:.{digits}g}'):,.0f}".replace("-", "−")
    return (mantissa + (f"e{int(exponent)}" if exponent else "")).replace("-", "−")


def _decimals(values: Sequence[float], limit: int) -> int:
    """Return the fewest decimals that are exact to a thousandth of the values' spacing; at most `limit` + 1."""
    spacing = min((abs(b - a) for a, b in pairwise(values)), default=abs(values[0]))
    for decimals in range(limit + 1):
        if all(abs(round(value, decimals) - value) <= 1e-3 * spacing for value in values):
            return decimals
    return limit + 1


def _fixed(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    return "0" if float(text) == 0.0 else text.replace("-", "−")


def _scientific(value: float) -> str:
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    return f"{float(mantissa):g}e{int(exponent)}".replace("-", "−")


class StepFormatter(Formatter):
    """Steps: ``0 500 1000``, ``10k 20k``, ``1.5M``. With all digits if a person has zoomed in far."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """One label, as the toolbar shows it for the mouse's place."""
        return f"{x:,.0f}".replace("-", "−")

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Return one label per tick, all with the same unit."""
        ticks = [float(value) for value in values]
        largest = max((abs(tick) for tick in ticks), default=0.0)
        unit, suffix = next(((u, s) for u, s in _UNITS if largest >= 10 * u or largest >= u > 1e3), (1.0, ""))
        decimals = _decimals([tick / unit for tick in ticks], 2) if ticks else 0
        if decimals > 2:
            return [self(tick) for tick in ticks]
        return [_fixed(tick / unit, decimals) + (suffix if tick else "") for tick in ticks]


class ValueFormatter(Formatter):
    """Values on a linear axis: ``0.25``, ``2.5e−5``. With a common offset if only the last digits differ."""

    _offset = ""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """One label, as the toolbar shows it for the mouse's place."""
        return compact(x, 5)

    def get_offset(self) -> str:
        """Return the offset to add to each label; "" unless labels would be too long without it."""
        return self._offset

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Return one label per tick, all with the same number of decimals."""
        ticks = [float(value) for value in values]
        self._offset = ""
        labels = self._labels(ticks)
        if labels is None:
            middle = ticks[len(ticks) // 2]
            self._offset = ("+" if middle > 0 else "") + f"{middle:.9g}".replace("-", "−")
            labels = self._labels([tick - middle for tick in ticks]) or [self(tick - middle) for tick in ticks]
        return labels

    @staticmethod
    def _labels(ticks: list[float]) -> list[str] | None:
        largest = max((abs(tick) for tick in ticks), default=0.0)
        if largest == 0.0:
            return ["0"] * len(ticks)
        if 1e-4 < largest < 1e5 and (decimals := _decimals(ticks, 4)) <= 4:
            return [_fixed(tick, decimals) for tick in ticks]
        spacing = min((abs(b - a) for a, b in pairwise(ticks)), default=largest)
        if any(abs(float(f"{tick:.2e}") - tick) > 1e-3 * spacing for tick in ticks):
            return None
        # Rounding errors may turn zero into, say, 1e−22.
        return [_scientific(tick) if abs(tick) > 1e-3 * spacing else "0" for tick in ticks]


class LogLocator(Locator):
    """Ticks of a log axis: powers of ten; 1, 2, 5 if there are few decades; evenly spaced values within one decade.

    Parameters
    ----------
    ticks : int
        The approximate number of ticks.
    """

    def __init__(self, ticks: int) -> None:
        self._ticks = max(ticks, 2)

    def __call__(self) -> Sequence[float]:
        """Tick positions for the axis' limits."""
        low, high = self.axis.get_view_interval()  # type: ignore[union-attr]
        return self.tick_values(low, high)

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        """Tick positions between two positive limits, in any order."""
        low, high = min(vmin, vmax), max(vmin, vmax)
        if not low > 0.0:
            return []
        first, last = math.log10(low), math.log10(high)
        if last - first < 0.8:
            values = MaxNLocator(self._ticks, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
            return [float(value) for value in values if value > 0.0]
        powers = range(math.ceil(first - 1e-9), math.floor(last + 1e-9) + 1)
        if 3 * (last - first) <= self._ticks or len(powers) < 2:
            decades = range(math.floor(first), math.floor(last) + 1)
            return [value for power in decades for digit in (1, 2, 5) if low <= (value := digit * 10.0**power) <= high]
        stride = max(1, math.ceil(len(powers) / self._ticks))
        chosen = [10.0**power for power in powers if power % stride == 0]
        return chosen if len(chosen) > 1 else [10.0 ** powers[0], 10.0 ** powers[-1]]


class LogFormatter(Formatter):
    """Values on a log axis: ``0.01``, ``1``, ``500``, ``10⁻⁶``."""

    def __init__(self) -> None:
        self._linear = ValueFormatter()

    def __call__(self, x: float, pos: int | None = None) -> str:
        """One label, as the toolbar shows it for the mouse's place."""
        if x <= 0.0 or 1e-3 <= x < 1e5:
            return compact(x)
        exponent = math.floor(math.log10(x) + 1e-9)
        mantissa = round(x / 10.0**exponent, 3)
        power = "10" + str(exponent).translate(_SUPERSCRIPT)
        return power if mantissa == 1 else f"{mantissa:g}·{power}"

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """One label per tick."""
        ticks = [float(value) for value in values]
        if len(ticks) > 1 and np.ptp(np.log10(ticks)) < 0.8:
            return self._linear.format_ticks(ticks)
        return [self(tick) for tick in ticks]
