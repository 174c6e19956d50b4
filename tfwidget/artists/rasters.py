"""Images of Matplotlib as nodes of a scene.

Invariant: a page shows the colours that Matplotlib would. With a plain ``Normalize`` the values are sent with a table
of colours; with any other norm the colours are sent.
"""

import math
import operator
from typing import Any, cast

import numpy as np
from matplotlib.colors import Colormap, Normalize
from matplotlib.image import AxesImage, NonUniformImage, PcolorImage
from numpy.typing import NDArray

from tfwidget.artists.places import Around, Kept, Node, Nodes, Undescribable, checked_clip, place_of, points_at

__all__ = ["image_nodes", "image_values"]


def image_nodes(image: AxesImage, around: Around, kept: Kept) -> Nodes:
    """Return the node of an image.

    Raises
    ------
    Undescribable
        If the schema has no node for its look.
    """
    array = image.get_array()
    if array is None or not array.size:
        return []
    if isinstance(image, (NonUniformImage, PcolorImage)):
        raise Undescribable(image, "its pixels are not all of the same size")
    alpha = cast("Any", image.get_alpha())
    if not (alpha is None or isinstance(alpha, (int, float))):
        raise Undescribable(image, "each pixel has its own transparency")
    left, right, bottom, top = image.get_extent()
    first, last = (top, bottom) if image.origin == "upper" else (bottom, top)
    place = place_of(image.get_transform(), around, kept)
    curved = any(coord == "data" and not linear for coord, linear in zip(place.coords, around.linear, strict=True))
    if curved or not place.transform.is_separable:
        raise Undescribable(image, "it is turned, or on a scale that is not linear")
    corners = points_at(place, np.array([(left, first), (right, last)], np.float64), around)
    _check_interpolation(image, array.shape, kept)
    norm = image.norm
    if array.ndim == 2 and not norm.scaled():
        norm.autoscale_None(array)
    pixels, colors = image_values(image, array, kept)
    return [
        {
            "kind": "image",
            "panel": around.panel,
            "order": image.get_zorder(),
            "clip": checked_clip(image, around, kept),
            "coords": list(place.coords),
            "extent": corners.ravel().tolist(),
            "pixels": pixels,
            "colors": colors,
            "alpha": 1.0 if alpha is None else float(alpha),
            "smooth": False,
        }
    ]


def image_values(image: AxesImage, array: Any, kept: Kept) -> tuple[NDArray[Any], Node | None]:
    """What the node of an image says as ``pixels`` and ``colors``."""
    norm = image.norm
    source = array, norm, norm.vmin, norm.vmax, image.cmap
    before = kept.memory.get("source")
    if before is None or any(map(operator.is_not, source, before)):
        kept.memory["pixels"] = _pixels(image, array, kept)
        kept.memory["source"] = source
    return cast("tuple[NDArray[Any], Node | None]", kept.memory["pixels"])


def _check_interpolation(image: AxesImage, shape: tuple[int, ...], kept: Kept) -> None:
    way = image.get_interpolation()
    if way in ("auto", "antialiased"):
        kept.needs_limits = kept.needs_box = True
        size = np.abs(np.diff(image.get_window_extent().get_points(), axis=0))[0] / (shape[1], shape[0])
        if ((size > 3.0) | (size == 1.0) | (size == 2.0)).all():  # then Matplotlib does not interpolate
            return
    if way not in ("nearest", "none"):
        raise Undescribable(image, f"its interpolation is {way!r}; 'nearest' can be shown live")


def _pixels(image: AxesImage, array: Any, kept: Kept) -> tuple[NDArray[Any], Node | None]:
    """Return values and a table of their colours if the norm is a plain one; else colours and None."""
    norm = image.norm
    low, high = cast("tuple[float | None, float | None]", (norm.vmin, norm.vmax))
    plain = array.ndim == 2 and array.dtype.kind in "biuf" and type(norm) is Normalize and not norm.clip
    if not plain or low is None or high is None or not -math.inf < low < high < math.inf:
        return np.asarray(image.to_rgba(array, bytes=True), np.uint8), None
    mask = np.ma.getmask(array)
    values = np.ma.getdata(array)
    whole = values.dtype.kind == "b" or values.dtype == np.uint8
    if whole and not np.any(mask):
        values = values.astype(np.uint8)
    else:
        with np.errstate(over="ignore"):
            values = values.astype(np.float32)
        if np.any(mask):
            values[mask] = np.nan
    colors: Node = {"low": float(low), "high": float(high), "table": _table(image.cmap, kept)}
    before = kept.memory.get("pixels", (None, None))[1]
    if before is not None and before["table"] is colors["table"] and before["low"] == low and before["high"] == high:
        colors = before
    return values, colors


def _table(colors: Colormap, kept: Kept) -> NDArray[np.uint8]:
    if kept.memory.get("colors") is not colors:
        levels = colors(np.arange(colors.N), bytes=True)
        others = [colors.get_under(), colors.get_over(), colors.get_bad()]
        kept.memory["colors"] = colors
        kept.memory["table"] = np.concatenate((levels, np.rint(255 * np.asarray(others)))).astype(np.uint8)
    return cast("NDArray[np.uint8]", kept.memory["table"])
