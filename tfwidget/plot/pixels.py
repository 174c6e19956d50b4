"""From tensors to pixels: shapes, values and colours of pictures.

Invariant: values are clipped or scaled only where the docstrings of these functions say so.
"""

import math

import numpy as np

from tfwidget.errors import TensorError
from tfwidget.plot.view import Range

__all__ = ["CHANNELS", "check_shape", "extent", "gap_of", "pictures_of", "rgba_of", "squared", "values_of"]

CHANNELS = (1, 3, 4)


def check_shape(shape: tuple[int, ...]) -> None:
    """Raise `TensorError` for a shape that no picture has."""
    if len(shape) not in (2, 3, 4) or (len(shape) == 4 and shape[-1] not in CHANNELS):
        msg = (
            f"An image has shape (H, W), (H, W, C), (N, H, W) or (N, H, W, C) with C = 1, 3 or 4; got {shape}. "
            "Index or transpose the tensor, or log it as Histogram(value)."
        )
        raise TensorError(msg)
    if 0 in shape:
        msg = f"An image needs at least one pixel, got shape {shape}. Log it when it is not empty."
        raise TensorError(msg)


def pictures_of(array: np.ndarray) -> np.ndarray:
    """Return a view of `array` of shape ``(N, H, W, C)``."""
    check_shape(array.shape)
    if array.ndim == 2:
        return array[np.newaxis, :, :, np.newaxis]
    if array.ndim == 3:
        return array[np.newaxis] if array.shape[-1] in CHANNELS else array[..., np.newaxis]
    return array


def extent(values: np.ndarray) -> tuple[float, float, int]:
    """Return the smallest and the largest finite value (NaN if there is none), and how many are not finite."""
    bad = 0
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        bad = values.size - int(np.count_nonzero(finite))
        values = values[finite] if bad else values
    return (float(values.min()), float(values.max()), bad) if values.size else (math.nan, math.nan, bad)


def gap_of(height: int, width: int) -> int:
    """Return the number of pixels between the pictures of a mosaic."""
    return max(1, round(0.04 * max(height, width)))


def squared(x: Range, y: Range, wide: float, tall: float) -> tuple[Range, Range]:
    """Return the limits, widened in one direction so that pixels are square in axes of this size."""
    scale = max(abs(x[1] - x[0]) / wide, abs(y[1] - y[0]) / tall)
    return _widened(x, scale * wide), _widened(y, scale * tall)


def _widened(limits: Range, span: float) -> Range:
    first, last = limits
    if abs(last - first) >= 0.995 * span:
        return limits
    middle, half = (first + last) / 2, math.copysign(span / 2, last - first)
    return middle - half, middle + half


def values_of(values: np.ndarray, vmin: float, vmax: float, *, beyond: bool) -> tuple[np.ndarray, float, float]:
    """Return values for a browser, as uint8 or float32, and the two values that have the first and the last colour.

    If float32 cannot distinguish the values, they are scaled to 0 … 1. Values that are not finite become NaN. With
    `beyond`, values above the last colour are clipped to it, since a mosaic uses larger ones for its gaps.
    """
    if not beyond and values.dtype.itemsize == 1 and values.dtype.kind in "bu":
        return values.view(np.uint8), vmin, vmax
    largest = max(abs(vmin), abs(vmax))
    if largest < 1e30 and vmax - vmin > max(1e-3 * largest, 1e-30):
        shades = (np.clip(values, -1e38, 1e38) if values.dtype.itemsize > 4 else values).astype(np.float32)
    else:
        with np.errstate(all="ignore"):
            # Halved, because the difference of two huge limits would overflow.
            scaled = (0.5 * values.astype(np.float64) - 0.5 * vmin) / (0.5 * vmax - 0.5 * vmin)
        shades = np.clip(scaled, 0.0, 1.0).astype(np.float32)
        vmin, vmax = 0.0, 1.0
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        if not finite.all():
            shades[~finite] = np.nan
    return np.minimum(shades, np.float32(vmax)) if beyond else shades, vmin, vmax


def rgba_of(pixels: np.ndarray, vmin: float, vmax: float, bad_color: tuple[float, float, float]) -> np.ndarray:
    """Return colours, uint8, shape ``(..., H, W, 4)``, of values of shape ``(..., H, W, C)`` with C = 3 or 4.

    Values are clipped to `vmin` and `vmax`, and scaled from there. Pixels that are not finite have `bad_color`.
    """
    values: np.ndarray = pixels.astype(np.float64 if pixels.dtype.itemsize > 4 else np.float32)
    finite = np.isfinite(pixels).all(axis=-1)
    values[~finite] = vmin
    with np.errstate(all="ignore"):
        levels = np.clip((0.5 * values - 0.5 * vmin) / np.float64(0.5 * vmax - 0.5 * vmin), 0.0, 1.0)
    colors = np.full((*pixels.shape[:-1], 4), 255, np.uint8)
    colors[..., : pixels.shape[-1]] = (np.nan_to_num(levels) * 255.0 + 0.5).astype(np.uint8)
    colors[~finite] = [*(round(255 * part) for part in bad_color), 255]
    return colors
