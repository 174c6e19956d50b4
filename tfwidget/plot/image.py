"""Pictures: tensors drawn pixel for pixel.

Invariant: the colour of a pixel, together with the range in the header, tells its value. Nothing is interpolated. If
values are scaled, the header says so.

`Image` accepts tensors of these shapes (`Image.fits` decides which are pictures by default):

- ``(H, W)`` and ``(H, W, 1)``: one channel; ``(H, W, 3)`` and ``(H, W, 4)``: RGB and RGBA.
- ``(N, H, W)`` and ``(N, H, W, C)``: a mosaic of the first 16. A last axis of length 1, 3 or 4 means channels.

Colours of one channel: grey if the values are those of a photograph (boolean, uint8, or all within 0 … 1); otherwise
viridis, from the smallest to the largest value. RGB: uint8, and values within 0 … 1 or 0 … 255, are shown as they are;
others are scaled from the smallest to the largest value. A panel that has scaled once always scales. Pixels that are
NaN or infinite have the warning colour.
"""

import math
from numbers import Real
from typing import Any, ClassVar, cast

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axes._base import _AxesBase
from matplotlib.backend_bases import MouseEvent
from matplotlib.colors import Colormap, Normalize, to_rgb
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox

from tfwidget.errors import TensorError
from tfwidget.plot.header import HEADER_Y
from tfwidget.plot.panel import Panel
from tfwidget.plot.pixels import CHANNELS, check_shape, extent, gap_of, pictures_of, rgba_of, squared, values_of
from tfwidget.plot.text import text_width
from tfwidget.plot.theme import TEXT_SIZE
from tfwidget.plot.ticks import compact
from tfwidget.plot.view import Range
from tfwidget.record.values import Array, Value

__all__ = ["Image"]

_MOST = 16  # pictures in a mosaic
_SWATCH, _RANGE_X = (30.0, 5.5), 80.0  # size and place of the colour key, in points


class _Picture(AxesImage):
    """An image of a tensor, whose values the toolbar shows for the place of the mouse."""

    def __init__(self, panel: "Image") -> None:
        super().__init__(panel.ax, interpolation="nearest", origin="upper", resample=False)
        self.panel = panel

    def get_cursor_data(self, event: MouseEvent) -> object:  # type: ignore[override]
        """Return the value of each channel at the place of the mouse."""
        return self.panel.value_at(event.xdata, event.ydata)

    def format_cursor_data(self, data: object) -> str:
        """Return these values as text."""
        values = np.atleast_1d(cast("np.ndarray", data))
        return "[" + ", ".join(compact(float(value), 5) for value in values) + "]"


class Image(Panel):
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

    Raises
    ------
    TensorError
        If the shape is not one of these, or an option has a wrong value.
    """

    priority: ClassVar[float] = -1.0
    inset: Range = (0.0, 0.0)

    @classmethod
    def check(
        cls, value: Any, *, cmap: str | Colormap | None = None, vmin: float | None = None, vmax: float | None = None
    ) -> None:
        """Raise `TensorError` for shapes and options that no picture can have."""
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
            shape = ()  # not known yet: the shape is checked when the value is shown
        if shape or hasattr(value, "ndim"):
            check_shape(shape)

    @classmethod
    def fits(cls, array: Array) -> bool:
        """Whether a tensor is a picture by default.

        Height and width must be at least 8, and one at most four times the other. Then ``(H, W, C)`` and
        ``(N, H, W, C)`` with C = 1, 3 or 4 are pictures. ``(H, W)`` is one if its values are boolean, uint8, or not
        negative. So a digit, a spectrogram, attention or a confusion matrix is a picture, and a matrix of weights with
        both signs is not.
        """
        colored = array.ndim in (3, 4) and array.shape[-1] in CHANNELS
        sides = array.shape[-3:-1] if colored else array.shape
        if 0 in array.shape or len(sides) != 2 or min(sides) < 8 or max(sides) > 4 * min(sides):
            return False
        return colored or array.dtype == np.uint8 or array.dtype.kind == "b" or extent(cls.sample(array)[0])[0] >= 0.0

    def build(
        self, ax: Axes, cmap: str | Colormap | None = None, vmin: float | None = None, vmax: float | None = None
    ) -> None:
        """Make the picture, its border, and the key of colours."""
        self.configure(cmap, vmin, vmax)
        self._grey = True
        self._columns, self._size = 1, (1, 1)  # pictures in a row of the mosaic; its rows and columns of pixels
        self._whole: tuple[Range, Range] = ((0.0, 1.0), (1.0, 0.0))  # the limits around it
        self._arranged: object = None  # what it was arranged for
        self._squared: object = None  # the last limits with square pixels, and the cell they were made for
        self._colors: object = None  # what the colour map was made of
        self._key: object = None  # the colour map that the key shows
        ax.set_aspect("equal")
        ax.set_axes_locator(self._keep_square)
        ax.set(xticks=[], yticks=[])
        ax.set_autoscale_on(False)
        ax.spines[:].set_visible(False)
        ax.patch.set_visible(False)
        self.picture = _Picture(self)
        self.picture.set_norm(Normalize(0.0, 1.0))
        ax.add_image(self.picture)
        self.picture.set_clip_path(ax.patch)
        self.border = Rectangle((-0.5, -0.5), 1.0, 1.0, fill=False, linewidth=0.8, zorder=-1, color=self.theme.spine)
        ax.add_patch(self.border)
        self.low, self.high = self.add_text(_RANGE_X - 3.0), self.add_text(_RANGE_X + _SWATCH[0] + 3.0)
        self.low.set_horizontalalignment("right")
        middle = HEADER_Y + 0.36 * TEXT_SIZE
        self.swatch = AxesImage(ax, interpolation="nearest", origin="upper")
        self.swatch.set_data(np.zeros((1, 2, 3), np.uint8))
        self.swatch.set_extent((_RANGE_X, _RANGE_X + _SWATCH[0], middle - _SWATCH[1] / 2, middle + _SWATCH[1] / 2))
        self.swatch.set_transform(self.corner)
        self.swatch.set_clip_on(False)
        self.swatch.set_visible(False)
        ax.add_image(self.swatch)
        self.swatch.set_clip_path(None)

    def configure(
        self, cmap: str | Colormap | None = None, vmin: float | None = None, vmax: float | None = None
    ) -> bool:
        """Take other options. They may change at each step."""
        self._cmap, self._vmin, self._vmax = cmap, vmin, vmax
        return True

    def placed(self) -> None:
        """Keep pixels square in the limits that a person has set."""
        if not self.view.following:
            self.view.set(*squared(*self.view.now, *self.room))

    def set_view(self, x: Range, y: Range) -> None:
        """Set limits as a person does, widened until pixels are square."""
        if self.view.accepts(x, y):
            self.view.set(*squared(x, y, *self.room))

    def show(self, value: Value) -> None:
        """Show the pixels in view, but no more than the screen has."""
        pictures = pictures_of(value.array)
        count, height, width, channels = pictures.shape
        self._arrange(min(count, _MOST), height, width)
        pictures = pictures[:_MOST]
        values, stride = self.sample(pictures)
        low, high, bad = extent(values)
        vmin, vmax = self._extremes(pictures.dtype, channels, low, high)
        cmap = None if channels > 1 else self._cmap or ("gray" if self._grey else "viridis")
        self._paint(pictures, cmap, vmin, vmax)
        notes = [f"{bad:,}{'+' if stride > 1 else ''} NaN or Inf"] if bad else []
        if count > _MOST:
            notes.append(f"{_MOST} of {count:,}")
        self._write(f"step {value.step:,}", (low, high), (vmin, vmax), cmap, notes, warning=bad > 0)

    def value_at(self, x: float | None, y: float | None) -> np.ndarray | None:
        """Return the tensor's values, one per channel, at a place in data coordinates; None beside the pictures."""
        if self.value is None or x is None or y is None:
            return None
        pictures = pictures_of(self.value.array)
        count, height, width, _ = pictures.shape
        gap = gap_of(height, width)
        row, in_y = divmod(math.floor(y + 0.5), height + gap)
        column, in_x = divmod(math.floor(x + 0.5), width + gap)
        index = row * self._columns + column
        if not (0 <= column < self._columns and 0 <= index < min(count, _MOST) and in_y < height and in_x < width):
            return None
        return cast("np.ndarray", pictures[index, in_y, in_x])

    def _keep_square(self, ax: _AxesBase, renderer: object) -> Bbox:
        """Widen the limits until pixels are square, as after a zoom to a rectangle; called at each full draw.

        Matplotlib's own ``adjustable="datalim"`` would log a warning at each zoom.
        """
        before = self.view.now
        if (before, self.cell) != self._squared:
            x, y = squared(*before, *self.room)
            if x != before[0]:
                ax.set_xlim(x)
            if y != before[1]:
                ax.set_ylim(y)
            self._squared = self.view.now, self.cell
        return ax.get_position(original=True)

    def _arrange(self, shown: int, height: int, width: int) -> None:
        """Arrange the pictures of a mosaic, and set the limits around them."""
        wide, tall = self.room
        now = (shown, height, width, wide, tall)
        if now != self._arranged:
            self._arranged = now
            gap = gap_of(height, width) if shown > 1 else 0

            def scale(columns: int) -> float:
                rows = -(-shown // columns)
                return min(wide / (columns * (width + gap) - gap), tall / (rows * (height + gap) - gap))

            columns = max(range(1, shown + 1), key=lambda columns: (round(scale(columns), 6), -columns))
            rows, factor = -(-shown // columns), scale(columns)
            size = (rows * (height + gap) - gap, columns * (width + gap) - gap)
            if (size, columns) != (self._size, self._columns):
                self.follow()
            self._size, self._columns = size, columns
            self._whole = (-0.5, wide / factor - 0.5), (tall / factor - 0.5, -0.5)
            self.border.set_bounds(-0.5, -0.5, size[1], size[0])
            self.border.set_visible(shown == 1)
        self.limits(*self._whole, exact=True)

    def _extremes(self, dtype: np.dtype, channels: int, low: float, high: float) -> Range:
        """Return the values that have the first and the last colour."""
        photo = dtype.kind == "b" or dtype == np.uint8
        byte = dtype == np.uint8 or (channels > 1 and low >= 0.0 and 1.0 < high <= 255.0)
        unit = (0.0, 255.0) if byte else (0.0, 1.0)
        self._grey = self._grey and (photo or not (low < unit[0] or high > unit[1]))
        vmin, vmax = unit if self._grey else (low, high)
        vmin = vmin if self._vmin is None else float(self._vmin)
        vmax = vmax if self._vmax is None else float(self._vmax)
        if vmin < vmax:
            return vmin, vmax
        # All values are equal, or none is finite, or all are beyond the one limit that was given.
        if self._vmin is not None:
            return vmin, vmin + 1.0
        return (vmax - 1.0, vmax) if math.isfinite(vmax) else unit

    def _paint(self, pictures: np.ndarray, cmap: str | Colormap | None, vmin: float, vmax: float) -> None:
        """Give the pixels in view to the artist: values of one channel, or colours of RGB pictures."""
        count, height, width, _ = pictures.shape
        rows, columns, stride = self._in_view(count, height, width)
        pixels = pictures[:, rows.start : rows.stop : stride, columns.start : columns.stop : stride]
        empty: Any = (0, 0, 0, 0)
        if cmap is None:
            shades = rgba_of(pixels, vmin, vmax, to_rgb(self.theme.warning))
        else:
            shades, vmin, vmax = values_of(pixels[..., 0], vmin, vmax, beyond=count > 1)
            empty = 2.0 * vmax - vmin
            colors = (cmap, self.theme, count > 1)
            if colors != self._colors:
                self._colors = colors
                # In a mosaic, values above the last colour mean the gaps, which are transparent.
                over = {"over": (0.0, 0.0, 0.0, 0.0)} if count > 1 else {}
                self.picture.set_cmap(_colormap(cmap).with_extremes(bad=self.theme.warning, **over))
            if (vmin, vmax) != self.picture.get_clim():
                self.picture.set_clim(vmin, vmax)
        if count > 1:
            gap = max(gap_of(height, width) // stride, 1)
            high, wide = shades.shape[1] + gap, shades.shape[2] + gap
            shape = (-(-count // self._columns) * high - gap, self._columns * wide - gap, *shades.shape[3:])
            mosaic = np.full(shape, empty, shades.dtype)
            for index, shade in enumerate(shades):
                row, column = divmod(index, self._columns)
                top, left = row * high, column * wide
                mosaic[top : top + shade.shape[0], left : left + shade.shape[1]] = shade
            shades = mosaic[np.newaxis]
            rows, columns = range(self._size[0]), range(self._size[1])
        self.picture.set_data(shades[0])
        edges = (columns.start - 0.5, columns.stop - 0.5, rows.stop - 0.5, rows.start - 0.5)
        if tuple(self.picture.get_extent()) != edges:
            self.picture.set_extent(edges)

    def _in_view(self, count: int, height: int, width: int) -> tuple[range, range, int]:
        """Return the rows and columns of each picture to paint, and a stride: one pixel in this number is painted."""
        (left, right), (bottom, top) = map(sorted, self.view.now)
        wide, tall = self.pixels
        stride = max(1, int(min((right - left) / wide, (top - bottom) / tall)))
        if count > 1 or (right - left >= 0.9 * width and top - bottom >= 0.9 * height):
            return range(height), range(width), stride
        # A person has zoomed into a single picture.
        found = []
        for low, high, length in ((bottom, top, height), (left, right, width)):
            first, last = (int(np.clip(edge, 0, length)) for edge in (low - stride, high + 1 + stride))
            last = max(last, first + 1)
            found.append(range(min(first, length - 1), last))
        return found[0], found[1], stride

    def _write(
        self, when: str, found: Range, limits: Range, cmap: str | Colormap | None, notes: list[str], *, warning: bool
    ) -> None:
        """Write the header line, with the key of colours if there is room for it."""
        notes_width = sum(text_width(f" · {note}") for note in notes)
        key = cmap is not None and self.cell.width > _RANGE_X + _SWATCH[0] + 36.0 + notes_width
        self.low.set_text(compact(limits[0]) if key else "")
        self.high.set_text(" · ".join([compact(limits[1]), *notes]) if key else "")
        color = self.theme.warning if warning else self.theme.muted
        if self.high.get_color() != color:
            self.high.set_color(color)
        if key:
            self.header([when])
        else:
            text = "nothing finite" if math.isnan(found[0]) else f"{compact(found[0])} … {compact(found[1])}"
            scaled = "scaled from " if cmap is None and not self._grey else ""
            self.header([when, scaled + text, *notes], warning=warning)
        shown = cmap if key else None
        if shown != self._key:
            self._key = shown
            self.swatch.set_visible(key)
            if shown is not None:
                self.swatch.set_data(_colormap(shown)(np.linspace(0.0, 1.0, 64)[np.newaxis], bytes=True))


def _colormap(cmap: str | Colormap) -> Colormap:
    return mpl.colormaps[cmap] if isinstance(cmap, str) else cmap
