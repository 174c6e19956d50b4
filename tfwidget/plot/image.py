"""Pictures: image-like tensors as they are, pixel for pixel.

Invariant: the colour of a pixel and the range stated in the header tell its value: nothing is interpolated or clipped
unsaid.

What is drawn (`Image` accepts all of these; `ImagePanel.fits` says which are pictures when nobody said so):

- ``(H, W)`` and ``(H, W, 1)``: one channel; ``(H, W, 3)`` and ``(H, W, 4)``: RGB and RGBA.
- ``(N, H, W)`` and ``(N, H, W, C)``: the first 16 as a mosaic. A last axis of 1, 3 or 4 is taken for channels first.

Colours of one channel: grey where the values are those of a photograph (boolean, uint8, or all within 0 … 1), else
viridis from the smallest to the largest value. RGB: uint8 and values within 0 … 1 or 0 … 255 as they are, else scaled
from the smallest to the largest value, which the header states. A panel that has once scaled goes on to do so. Pixels
that are NaN or infinite have the warning colour.
"""

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import cast

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes._base import _AxesBase
from matplotlib.backend_bases import MouseEvent
from matplotlib.colors import Colormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox

from tfwidget.errors import TensorError
from tfwidget.plot.panel import HEADER_Y, Cell, Panel
from tfwidget.plot.text import text_width
from tfwidget.plot.theme import TEXT_SIZE, Theme
from tfwidget.plot.ticks import compact
from tfwidget.record.history import Frame, Value
from tfwidget.record.values import Logged

__all__ = ["Image", "ImagePanel"]

_CHANNELS = (1, 3, 4)
_MOST = 16  # pictures in a mosaic
_SAMPLE = 2**20  # values that are looked at for the range of a large tensor
_SWATCH, _RANGE_X = (30.0, 5.5), 80.0  # of the colour key, in points


class Image(Logged):
    """Log a tensor as a picture, or as a mosaic of pictures.

    Parameters
    ----------
    value : tensor
        Of shape ``(H, W)``, ``(H, W, C)``, ``(N, H, W)`` or ``(N, H, W, C)`` with C = 1, 3 or 4; or a callable that
        returns one.
    cmap : str or Colormap, optional
        Colours of one channel. Default: grey or viridis, see `tfwidget.plot.image`.
    vmin, vmax : float, optional
        The values that have the first and the last colour. Default: chosen from the tensor.
    """

    def __init__(
        self, value: object, *, cmap: str | Colormap | None = None, vmin: float | None = None, vmax: float | None = None
    ) -> None:
        if isinstance(cmap, str) and cmap not in mpl.colormaps:
            msg = f"Image(cmap={cmap!r}): Matplotlib has no colormap of that name. Try 'viridis', 'gray' or 'coolwarm'."
            raise TensorError(msg)
        if cmap is not None and not isinstance(cmap, (str, Colormap)):
            msg = f"Image(cmap=...): a colormap's name is needed, got {type(cmap).__name__}. Try 'viridis'."
            raise TensorError(msg)
        for option, limit in (("vmin", vmin), ("vmax", vmax)):
            if limit is not None and not (isinstance(limit, Real) and math.isfinite(limit)):
                msg = f"Image({option}={limit!r}): a finite number is needed, or None to take it from the tensor."
                raise TensorError(msg)
        if vmin is not None and vmax is not None and not vmin < vmax:
            msg = f"Image(vmin={vmin!r}, vmax={vmax!r}): vmin must be smaller than vmax."
            raise TensorError(msg)
        try:
            shape = tuple(int(length) for length in getattr(value, "shape", None) or ())
        except (TypeError, ValueError):
            shape = ()  # not known yet: the panel checks what comes
        if shape or hasattr(value, "ndim"):
            _check(shape)
        super().__init__(value, "image", {"cmap": cmap, "vmin": vmin, "vmax": vmax})


def _check(shape: tuple[int, ...]) -> None:
    if len(shape) not in (2, 3, 4) or (len(shape) == 4 and shape[-1] not in _CHANNELS):
        msg = (
            f"An image has shape (H, W), (H, W, C), (N, H, W) or (N, H, W, C) with C = 1, 3 or 4; got {shape}. "
            "Index or transpose the tensor, or log it as Histogram(value)."
        )
        raise TensorError(msg)
    if 0 in shape:
        msg = f"An image needs at least one pixel, got shape {shape}. Log it when it is not empty."
        raise TensorError(msg)


def _pictures(array: np.ndarray) -> np.ndarray:
    """`array` as ``(N, H, W, C)``; a view."""
    _check(array.shape)
    if array.ndim == 2:
        return array[np.newaxis, :, :, np.newaxis]
    if array.ndim == 3:
        return array[np.newaxis] if array.shape[-1] in _CHANNELS else array[..., np.newaxis]
    return array


def _range(array: np.ndarray) -> tuple[float, float, int, bool]:
    """Smallest and largest finite value, how many are not finite, and whether these are exact."""
    flat = array.reshape(-1)
    stride = max(1, -(-flat.size // _SAMPLE))
    while math.gcd(stride, flat.size) > 1 and stride > 1:
        stride += 1  # a stride that divides the rows' length would look at a few columns only
    flat = flat[::stride]
    bad = 0
    if flat.dtype.kind == "f":
        finite = np.isfinite(flat)
        bad = flat.size - int(np.count_nonzero(finite))
        flat = flat[finite] if bad else flat
    if not flat.size:
        return math.nan, math.nan, bad, stride == 1
    return float(flat.min()), float(flat.max()), bad, stride == 1


class _Picture(AxesImage):
    """An image whose pixels are decimated colours, but which tells the tensor's own values under the mouse."""

    def __init__(self, panel: "ImagePanel") -> None:
        super().__init__(panel.ax, interpolation="nearest", origin="upper", resample=False, animated=True)
        self.panel = panel

    def get_cursor_data(self, event: MouseEvent) -> object:  # type: ignore[override]
        """Return the values of each channel, for the toolbar."""
        return self.panel.value_at(event.xdata, event.ydata)

    def format_cursor_data(self, data: object) -> str:
        """Return them as text."""
        values = np.atleast_1d(cast("np.ndarray", data))
        return "[" + ", ".join(compact(float(value), 5) for value in values) + "]"


class ImagePanel(Panel):
    """One picture or a mosaic of up to 16."""

    kind = "image"

    def __init__(self, figure: Figure, name: str, theme: Theme) -> None:
        self._value: Value | None = None
        self._drawn: object = None  # what the pixels were made from
        self._grey = True
        self._size = (1, 1)  # height and width of the whole mosaic, in pixels of the tensor
        self._columns = 1
        self._key_colors: object = None
        super().__init__(figure, name, theme)

    @classmethod
    def fits(cls, array: np.ndarray) -> bool:
        """Which tensors are pictures when nobody said so.

        Height and width must be at least 8, and one at most four times the other. Then ``(H, W, C)`` and
        ``(N, H, W, C)`` with C = 1, 3 or 4 are pictures; ``(H, W)`` is if its values are boolean, uint8, or nowhere
        negative: a digit, a spectrogram, attention or a confusion matrix is; a matrix of weights, which has both signs,
        is not.
        """
        colored = array.ndim in (3, 4) and array.shape[-1] in _CHANNELS
        sides = array.shape[-3:-1] if colored else array.shape
        if 0 in array.shape or len(sides) != 2 or min(sides) < 8 or max(sides) > 4 * min(sides):
            return False
        return colored or array.dtype == np.uint8 or array.dtype.kind == "b" or _range(array)[0] >= 0.0

    def _build(self) -> None:
        ax = self.ax
        ax.set_axes_locator(self._keep_square)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.patch.set_visible(False)
        self._picture = _Picture(self)
        ax.add_image(self._picture)
        self._border = Rectangle((-0.5, -0.5), 1.0, 1.0, fill=False, linewidth=0.8, zorder=-1)
        ax.add_patch(self._border)
        self._header = self._text(animated=True)
        self._low = self._text(animated=True)
        self._high = self._text(animated=True)
        self._low.set(x=_RANGE_X - 3.0, ha="right")
        self._high.set(x=_RANGE_X + _SWATCH[0] + 3.0)
        middle = HEADER_Y + 0.36 * TEXT_SIZE
        self._swatch = AxesImage(ax, interpolation="bilinear", origin="upper")
        self._swatch.set_data(np.zeros((1, 2, 3), np.uint8))
        self._swatch.set_extent((_RANGE_X, _RANGE_X + _SWATCH[0], middle - _SWATCH[1] / 2, middle + _SWATCH[1] / 2))
        self._swatch.set_transform(self._header_transform())
        self._swatch.set_clip_on(False)
        self._swatch.set_visible(False)
        ax.add_image(self._swatch)
        self._swatch.set_clip_path(None)

    @property
    def artists(self) -> Sequence[Artist]:
        """The picture and the header."""
        return (self._picture, self._header, self._low, self._high)

    def value_at(self, x: float | None, y: float | None) -> np.ndarray | None:
        """The tensor's values (one per channel) at a place in the axes; None beside the pictures."""
        if self._value is None or x is None or y is None:
            return None
        pictures = _pictures(self._value.array)
        count, height, width, _ = pictures.shape
        gap = self._gap(height, width)
        row, in_y = divmod(math.floor(y + 0.5), height + gap)
        column, in_x = divmod(math.floor(x + 0.5), width + gap)
        index = row * self._columns + column
        if not (0 <= column < self._columns and 0 <= index < min(count, _MOST) and in_y < height and in_x < width):
            return None
        return cast("np.ndarray", pictures[index, in_y, in_x])

    def _show(self, frame: Frame) -> bool:
        value = frame.values.get(self.name)
        if value is None:
            return False
        self._value = value
        pictures = _pictures(value.array)
        count, height, width, channels = pictures.shape
        shown = min(count, _MOST)
        base = self._arrange(shown, height, width)
        view = (self.ax.get_xlim(), self.ax.get_ylim(), self.pixels, self.theme.face)
        if self._drawn is not None and self._drawn == (id(value.array), value.step, view):
            return base
        pictures = pictures[:shown]
        low, high, bad, exact = _range(pictures)
        color_map, vmin, vmax = self._colors(pictures.dtype, channels, low, high, value.options)
        self._paint(pictures, color_map, vmin, vmax)
        # The array is kept by self._value, so its id is not given to another one meanwhile.
        self._drawn = (id(value.array), value.step, view)
        base |= self._write(value.step, (low, high, bad, exact), (vmin, vmax), color_map, channels, shown, count)
        return base

    def place(self, cell: Cell) -> None:
        """Move into a cell."""
        super().place(cell)
        if self.following:
            self._set = None  # the limits depend on the shape of the cell

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        super().apply_theme(theme)
        self._border.set_edgecolor(theme.spine)
        for text in (self._header, self._low, self._high):
            text.set_color(theme.muted)
        self._drawn = None

    def _keep_square(self, ax: _AxesBase, renderer: object) -> Bbox:
        """Widen the limits where a person has drawn a zoom rectangle of another aspect; called at each full draw.

        Not ``set_aspect("equal", adjustable="datalim")``: that logs a warning at each zoom.
        """
        (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        wide, tall = ax.bbox.size
        scale = max(abs(right - left) / wide, abs(top - bottom) / tall)
        if abs(right - left) < 0.995 * scale * wide:
            middle, half = (left + right) / 2, math.copysign(scale * wide / 2, right - left)
            ax.set_xlim(middle - half, middle + half)
        elif abs(top - bottom) < 0.995 * scale * tall:
            middle, half = (bottom + top) / 2, math.copysign(scale * tall / 2, top - bottom)
            ax.set_ylim(middle - half, middle + half)
        return ax.get_position(original=True)

    @staticmethod
    def _gap(height: int, width: int) -> int:
        return max(1, round(0.04 * max(height, width)))

    def _arrange(self, shown: int, height: int, width: int) -> bool:
        """Place the pictures of a mosaic and the limits around them; True when these changed."""
        wide, tall = self.ax.bbox.size
        gap = self._gap(height, width) if shown > 1 else 0

        def scale(columns: int) -> float:
            rows = -(-shown // columns)
            return min(wide / (columns * (width + gap) - gap), tall / (rows * (height + gap) - gap))

        best = max(range(1, shown + 1), key=lambda columns: (round(scale(columns), 6), -columns))
        rows = -(-shown // best)
        size = (rows * (height + gap) - gap, best * (width + gap) - gap)
        changed = (size, best) != (self._size, self._columns)
        if not changed and self._set is not None:
            return False
        follow = self.following or changed
        self._size, self._columns = size, best
        self._border.set_bounds(-0.5, -0.5, size[1], size[0])
        self._border.set_visible(shown == 1)
        if follow:
            factor = scale(best)
            self._set_limits((-0.5, wide / factor - 0.5), (tall / factor - 0.5, -0.5))
        return True

    def _colors(
        self, dtype: np.dtype, channels: int, low: float, high: float, options: Mapping[str, object]
    ) -> tuple[Colormap | None, float, float]:
        """The colormap (None for RGB) and the values that have its first and last colour."""
        photo = dtype.kind == "b" or dtype == np.uint8
        byte = dtype == np.uint8 or (channels > 1 and low >= 0.0 and 1.0 < high <= 255.0)
        unit = (0.0, 255.0) if byte else (0.0, 1.0)
        within = photo or not (low < unit[0] or high > unit[1])
        self._grey = self._grey and within
        vmin, vmax = unit if self._grey else (low, high)
        given = (options.get("vmin"), options.get("vmax"))
        vmin = cast("float", given[0]) if given[0] is not None else vmin
        vmax = cast("float", given[1]) if given[1] is not None else vmax
        if not vmin < vmax:  # constant, or nothing finite, or one limit given and the data beyond it
            vmin, vmax = (
                (vmin, vmin + 1.0) if given[0] is not None else (vmax - 1.0, vmax) if math.isfinite(vmax) else unit
            )
        if channels > 1:
            return None, vmin, vmax
        wanted = options.get("cmap")
        if isinstance(wanted, Colormap):
            return wanted, vmin, vmax
        name = wanted if isinstance(wanted, str) else "gray" if self._grey else "viridis"
        return mpl.colormaps[name], vmin, vmax

    def _paint(self, pictures: np.ndarray, color_map: Colormap | None, vmin: float, vmax: float) -> None:
        """Colour the visible pixels, no more of them than the screen has."""
        count, height, width, _ = pictures.shape
        gap = self._gap(height, width) if count > 1 else 0
        rows, columns = -(-count // self._columns), self._columns
        (left, right), (bottom, top) = sorted(self.ax.get_xlim()), sorted(self.ax.get_ylim())
        wide, tall = self.pixels
        stride = max(1, int(min((right - left) / wide, (top - bottom) / tall)))
        if count == 1 and (right - left < 0.9 * width or top - bottom < 0.9 * height):
            # Zoomed into a large picture: what is in view.
            y0, y1 = (int(np.clip(edge, 0, height)) for edge in (bottom - stride, top + 1 + stride))
            x0, x1 = (int(np.clip(edge, 0, width)) for edge in (left - stride, right + 1 + stride))
            y1, x1 = max(y1, y0 + 1), max(x1, x0 + 1)
            y0, x0 = min(y0, height - 1), min(x0, width - 1)
        else:
            y0, y1, x0, x1 = 0, height, 0, width
        pixels = pictures[:, y0:y1:stride, x0:x1:stride]
        colors = _to_rgba(pixels, color_map, vmin, vmax, to_rgb(self.theme.warning))
        if count > 1:
            h, w = colors.shape[1:3]
            stride_gap = max(gap // stride, 1)
            step_y, step_x = h + stride_gap, w + stride_gap
            mosaic = np.zeros((rows * step_y - stride_gap, columns * step_x - stride_gap, 4), np.uint8)
            for index, picture in enumerate(colors):
                row, column = divmod(index, columns)
                mosaic[row * step_y : row * step_y + h, column * step_x : column * step_x + w] = picture
            colors = mosaic[np.newaxis]
            y1, x1 = self._size
        self._picture.set_data(colors[0])
        self._picture.set_extent((x0 - 0.5, x1 - 0.5, y1 - 0.5, y0 - 0.5))

    def _write(
        self, step: int, found: tuple[float, float, int, bool], limits: tuple[float, float], color_map: Colormap | None,
        channels: int, shown: int, count: int,
    ) -> bool:  # fmt: skip
        """The header and the colour key; True when the key's colours changed."""
        low, high, bad, exact = found
        vmin, vmax = limits
        width = self._cell.width
        notes = [f"{bad:,}{'' if exact else '+'} NaN or Inf"] if bad else []
        if shown < count:
            notes.append(f"{shown} of {count:,}")
        when = f"step {step:,}"
        notes_width = sum(text_width(f" · {note}") for note in notes)
        key = color_map is not None and width > _RANGE_X + _SWATCH[0] + 36.0 + notes_width
        self._header.set_color(self.theme.warning if bad and not key else self.theme.muted)
        if key:
            self._header.set_text(when)
            self._low.set_text(compact(vmin))
            self._high.set_text(" · ".join([compact(vmax), *notes]))
            self._high.set_color(self.theme.warning if bad else self.theme.muted)
        else:
            text = "nothing finite" if math.isnan(low) else f"{compact(low)} … {compact(high)}"
            scaled = color_map is None and not self._grey
            self._header.set_text(self._fit([when, ("scaled from " if scaled else "") + text, *notes], width))
            self._low.set_text("")
            self._high.set_text("")
        colors = color_map.name if key and color_map is not None else None
        if colors == self._key_colors:
            return False
        self._key_colors = colors
        self._swatch.set_visible(key)
        if key and color_map is not None:
            self._swatch.set_data(color_map(np.linspace(0.0, 1.0, 32)[np.newaxis], bytes=True))
        return True


def _to_rgba(
    pixels: np.ndarray, color_map: Colormap | None, vmin: float, vmax: float, bad_color: tuple[float, float, float]
) -> np.ndarray:
    """Colours, uint8 of shape ``(..., H, W, 4)``, of values of shape ``(..., H, W, C)``."""
    finite = np.isfinite(pixels).all(axis=-1) if pixels.dtype.kind == "f" else None
    values: np.ndarray = pixels.astype(np.float64 if pixels.dtype.itemsize > 4 else np.float32)
    if finite is not None and not finite.all():
        values[~finite] = vmin
    with np.errstate(all="ignore"):
        # Halves: the difference of two huge limits would overflow.
        levels = np.clip((0.5 * values - 0.5 * vmin) / np.float64(0.5 * vmax - 0.5 * vmin), 0.0, 1.0)
    bytes_ = (np.nan_to_num(levels) * 255.0 + 0.5).astype(np.uint8)
    if color_map is not None:
        table = np.asarray(color_map(np.arange(256) / 255.0, bytes=True), np.uint8)
        colors = table[bytes_[..., 0]]
    else:
        colors = np.full((*bytes_.shape[:-1], 4), 255, np.uint8)
        colors[..., : bytes_.shape[-1]] = bytes_
    if finite is not None and not finite.all():
        colors[~finite] = [*(round(255 * part) for part in bad_color), 255]
    return cast("np.ndarray", colors)
