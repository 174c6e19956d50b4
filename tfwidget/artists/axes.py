"""One axes as a panel of a scene: the nodes of its artists, or Agg's picture of it.

Invariant: an axes with an artist that cannot be described is one picture that Agg draws. It becomes nodes again when
all of its artists can be described.
"""

from collections.abc import Set
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.scale import LogTransform
from matplotlib.spines import Spine
from matplotlib.transforms import BboxBase

from tfwidget.artists.axis import axis_nodes, scale_of
from tfwidget.artists.ledger import Ledger
from tfwidget.artists.places import Around, Kept, Node, Undescribable
from tfwidget.artists.shapes import hex_of
from tfwidget.scene import protocol

__all__ = ["AxesScene", "is_stale", "moves_itself"]


class AxesScene:
    """Describes one axes.

    Parameters
    ----------
    ax : Axes
        The axes.
    ledger : Ledger
        Takes the nodes.

    Attributes
    ----------
    id : int
        The id of the panel's node.
    """

    def __init__(self, ax: Axes, ledger: Ledger) -> None:
        self._ax = ax
        self._ledger = ledger
        self.id = ledger.scene.new_id()
        self._picture = ledger.new()
        self._around: Around | None = None
        self._view = ax.viewLim  # read directly: asking the axes costs ten times as much
        self._children: list[Artist] = []  # as Matplotlib lists them
        self._kept: dict[Artist, Kept] = {}
        self._axes: list[protocol.Axis] = []
        self._box: tuple[float, ...] = ()
        self._look: tuple[object, ...] = ()
        self._fitted: tuple[object, ...] = ()  # what the aspect was applied to
        self._limits = ((0.0, 0.0), (0.0, 0.0))
        self._scales: list[protocol.Scale] = []

    @property
    def kept(self) -> list[Kept]:
        """What is remembered of its artists."""
        return [self._picture, *self._kept.values()]

    @property
    def ticks(self) -> list[protocol.Tick]:
        """The ticks of both axes."""
        return [tick for axis in self._axes for tick in axis["ticks"]]

    def describe(self, figure: Around, noted: Set[Artist], everything: bool) -> None:
        """Put what has changed.

        Parameters
        ----------
        figure : Around
            What the axes is in.
        noted : set of Artist
            Artists that have changed, though they do not call themselves stale.
        everything : bool
            Whether to describe all artists, and not only those that have changed.
        """
        ax = self._ax
        if not ax.get_visible() or ax.get_animated():
            self.clear()
            return
        if ax.get_autoscalex_on() or ax.get_autoscaley_on():
            ax.viewLim  # noqa: B018 (autoscales, if that is due)
        if moves_itself(ax):
            self._apply_aspect()
        limits, box = _limits(self._view), _box(ax)
        moved = {axis for i, axis in enumerate((ax.xaxis, ax.yaxis)) if limits[i] != self._limits[i]}
        resized = box != self._box
        self._limits, self._box = limits, box
        try:
            self._walk(figure, noted, moved, resized, everything or self._around is None)
            self._ledger.put(self._picture, [])
        except Exception as error:  # an error in one axes must not keep the others from being shown
            said = f"{_name(ax)} is drawn by Matplotlib, as a picture, and so has fewer frames than the others."
            self._ledger.warn(self.id, said, error)
            self._forget_artists()
            self._show_picture(figure.height)
            for child in ax.get_children():
                child.stale = False
        ax.stale = False

    def clear(self) -> None:
        """Drop all nodes."""
        self._forget_artists()
        self._ledger.put(self._picture, [])
        self._ledger.scene.drop(self.id)

    def _forget_artists(self) -> None:
        for kept in self._kept.values():
            self._ledger.put(kept, [])
        self._kept, self._children, self._axes, self._around = {}, [], [], None

    def _apply_aspect(self) -> None:
        """Have the axes take the place and the limits that its aspect and its locator give it, as a draw does."""
        ax = self._ax
        locator = ax.get_axes_locator()
        place = ax.get_position(original=True) if locator is None else locator(ax, self._ledger.renderer())
        figure = ax.get_figure(root=False)
        assert figure is not None
        fitted = (
            place.bounds, figure.bbox.bounds, _limits(self._view), ax.get_aspect(), ax.get_box_aspect(),
            ax.get_anchor(), ax.get_adjustable(), ax.get_xscale(), ax.get_yscale(), ax.get_position().bounds,
        )  # fmt: skip
        if fitted != self._fitted:
            ax.apply_aspect(place)
            self._fitted = (*fitted[:2], _limits(self._view), *fitted[3:-1], ax.get_position().bounds)

    @property
    def has_moved(self) -> bool:
        """Whether the axes has other limits or another place than when it was described."""
        return self._limits != _limits(self._view) or self._box != _box(self._ax)

    def _walk(self, figure: Around, noted: Set[Artist], moved: Set[Artist], resized: bool, everything: bool) -> None:
        """Put the nodes of the artists that have changed, or that are elsewhere with these limits or in this place."""
        ax = self._ax
        if ax.name != "rectilinear":
            raise Undescribable(ax, f"its projection is {ax.name!r}")
        due = {axis for axis in (ax.xaxis, ax.yaxis) if is_stale(axis) or axis in moved or axis in noted}
        if everything or due:
            scales = [scale_of(axis, limit) for axis, limit in zip((ax.xaxis, ax.yaxis), self._limits, strict=True)]
            if scales != self._scales:
                everything = True  # offsets and gaps of points depend on the scale
                for kept in self._kept.values():
                    kept.memory.pop("said", None)
            self._scales = scales
        around = self._around
        if around is None or everything or resized:
            around = self._around = _around(ax, self.id, figure, self._scales)
        if (everything or resized or due or ax.title.stale) and _is_titled(ax):
            ax.get_tightbbox(self._ledger.renderer(), call_axes_locator=False)  # places the titles above all else
        children = ax.get_children()
        if children != self._children:
            self._meet(children)
        axes = self._axes or [_no_axis(self._limits[0]), _no_axis(self._limits[1])]
        for child, kept in self._kept.items():
            elsewhere = (
                everything
                or (moved and kept.needs_limits)
                or (resized and kept.needs_box)
                or (due and child in due)
            )  # fmt: skip
            if not (elsewhere or child.stale or (noted and child in noted)):
                continue
            child.stale = False
            if elsewhere or not self._ledger.change(child, around, kept):
                self._describe(child, axes, around, kept)
        look = (ax.get_zorder(), ax.get_navigate(), moves_itself(ax))
        if everything or due or resized or look != self._look or ax.patch.stale or ax.patch in noted:
            self._look = look
            self._ledger.scene.put(self.id, _panel(ax, figure.height, axes))
            ax.patch.stale = False
        self._axes = axes

    def _meet(self, children: list[Artist]) -> None:
        """Take notice of who is in the axes."""
        for gone in self._kept.keys() - set(children):
            self._ledger.put(self._kept.pop(gone), [])
        for child in children:
            if child not in self._kept and child is not self._ax.patch:  # which is the panel's face
                self._kept[child] = self._ledger.new()
                child.stale = True
        self._children = children

    def _describe(self, child: Artist, axes: list[protocol.Axis], around: Around, kept: Kept) -> None:
        """Put the nodes of an artist; what the panel's node says of an axis goes into `axes`."""
        if isinstance(child, Axis):
            index = 0 if child is self._ax.xaxis else 1
            axes[index], nodes = axis_nodes(child, self._scales[index], around, kept)
            self._ledger.put(kept, nodes)
        elif isinstance(child, Spine) and not (self._ax.axison and self._ax.get_frame_on()):
            kept.needs_box = True
            self._ledger.put(kept, [])
        else:
            self._ledger.describe(child, around, kept)

    def _show_picture(self, height: int) -> None:
        ax, axes = self._ax, []
        navigate = ax.name == "rectilinear"
        for axis, limits in zip((ax.xaxis, ax.yaxis), self._limits, strict=True):
            node = _no_axis(limits)
            try:
                node["scale"] = scale_of(axis, limits)
            except Undescribable:
                navigate = False
            axes.append(node)
        panel = _panel(ax, height, axes)
        self._ledger.scene.put(self.id, panel | {"face": None, "navigate": navigate and panel["navigate"]})
        self._ledger.put(self._picture, [self._ledger.picture(ax, _name(ax), self.id, 0.0)])


def _no_axis(limits: tuple[float, float]) -> protocol.Axis:
    return {
        "scale": {"kind": "linear"}, "limits": list(limits), "ticks": [], "color": "#000000ff", "grid": None,
        "order": 0.0,
    }  # fmt: skip


def _limits(view: BboxBase) -> tuple[tuple[float, float], tuple[float, float]]:
    (left, bottom), (right, top) = view.get_points().tolist()
    return (left, right), (bottom, top)


def _box(ax: Axes) -> tuple[float, ...]:
    return (*ax.bbox.bounds, ax.axison, ax.get_frame_on())


def _name(ax: Axes) -> str:
    name = ax.get_label() or ax.get_title()
    return f"The panel {name!r}" if name else "A panel"


def _around(ax: Axes, number: int, figure: Around, scales: list[protocol.Scale]) -> Around:
    gaps = [False, False]
    for index, axis in enumerate((ax.xaxis, ax.yaxis)):
        transform = axis.get_transform()
        if isinstance(transform, LogTransform):
            with np.errstate(divide="ignore", invalid="ignore"):
                gaps[index] = bool(np.isnan(transform.transform(np.array([-1.0]))).any())
    linear = [scale["kind"] == "linear" for scale in scales]
    return Around(ax, number, figure.height, figure.dots, figure.atlas, (linear[0], linear[1]), (gaps[0], gaps[1]))


def _panel(ax: Axes, height: int, axes: list[protocol.Axis]) -> Node:
    left, bottom, width, tall = ax.bbox.bounds
    face: Any = ax.patch.get_facecolor()
    shown = ax.axison and ax.get_frame_on() and ax.patch.get_visible() and face[3] > 0
    return {
        "kind": "panel",
        "box": [left, height - bottom - tall, width, tall],
        "order": ax.get_zorder(),
        "face": hex_of(face, None) if shown else None,
        "x": axes[0],
        "y": axes[1],
        "navigate": bool(ax.get_navigate() and ax.can_pan() and ax.can_zoom()),
        "equal": moves_itself(ax),
    }


def _is_titled(ax: Axes) -> bool:
    return bool(ax.get_title("center") or ax.get_title("left") or ax.get_title("right"))


def moves_itself(ax: Axes) -> bool:
    """Whether a draw may change the place or the limits of the axes."""
    return ax.get_aspect() != "auto" or ax.get_axes_locator() is not None


def is_stale(artist: Artist) -> bool:
    """Whether an artist is stale; of an axis, also whether one of its texts is."""
    if isinstance(artist, Axis):
        return artist.stale or artist.label.stale or artist.offsetText.stale
    return bool(artist.stale)
