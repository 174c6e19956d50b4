"""Any figure of Matplotlib as a scene: what its artists look like, and which of them have changed.

Invariant: a page that has each patch, since the last keyframe, shows what Agg would draw; what cannot be described is
shown as Agg's pixels, an axes at a time.

What has changed is what Matplotlib calls *stale*. Agg's drawing resets that, so each draw of the figure is preceded by
`FigureScene.note_stale`.
"""

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.scale import LogTransform
from numpy.typing import NDArray

from tfwidget.agg import Renderer, crop
from tfwidget.errors import TfwidgetWarning
from tfwidget.plot.axis import axis_nodes, scale_of
from tfwidget.plot.glyphs import MOST, Atlas
from tfwidget.plot.places import Around, Kept, Undescribable
from tfwidget.plot.shapes import Node, Nodes, describe, hex_of
from tfwidget.scene import protocol
from tfwidget.scene.scene import Body, Scene

__all__ = ["FigureScene"]

_IDS = 8  # so many nodes an artist may have
_BEHIND = -1e9  # the order of the figure's own background
_NO_AXIS: protocol.Axis = {
    "scale": {"kind": "linear"}, "limits": [0.0, 1.0], "ticks": [], "color": "#000000ff", "grid": None, "order": 0.0,
}  # fmt: skip


@dataclass(slots=True)
class _Panel:
    """What is kept of an axes."""

    id: int
    picture: Kept
    around: Around | None = None
    children: list[Artist] = field(default_factory=list)
    kept: dict[Artist, Kept] = field(default_factory=dict)
    axes: list[protocol.Axis] = field(default_factory=list)
    node: Node | None = None
    box: tuple[Any, ...] = ()
    limits: tuple[float, ...] = ()
    scales: list[protocol.Scale] = field(default_factory=list)
    warned: bool = False


class FigureScene:
    """A figure, described: a keyframe first, then what has changed.

    Parameters
    ----------
    figure : Figure
        Its draws are watched from now on.
    """

    def __init__(self, figure: Figure) -> None:
        self._figure = figure
        self._scene = Scene()
        self._atlas = Atlas(self._scene)
        self._panels: dict[Axes, _Panel] = {}
        self._own: dict[Artist, Kept] = {}
        self._noted: set[Artist] = set()
        self._geometry: tuple[float, ...] = ()
        self._warned = False
        self._draw: Callable[[Any], None] = figure.draw
        figure.draw = self._draw_noted  # type: ignore[method-assign]

    def panel_of(self, id: int) -> Axes | None:  # noqa: A002
        """The axes whose node has this id; None if there is none, or no longer."""
        return next((ax for ax, panel in self._panels.items() if panel.id == id), None)

    def id_of(self, ax: Axes) -> int:
        """The id of an axes' node: the same as long as it is in the figure."""
        return self._panel(ax).id

    def note_stale(self) -> None:
        """Remember which artists are stale; called before each draw of the figure, which resets that."""
        if not self._figure.stale:
            return
        for artist in self._figure.get_children():
            if artist.stale:
                self._noted.add(artist)
                if isinstance(artist, Axes):
                    self._noted.update(child for child in artist.get_children() if _is_stale(child))

    def _draw_noted(self, renderer: Any) -> None:
        self.note_stale()
        self._draw(renderer)
        if self._figure.get_layout_engine() is not None:
            self._noted.update(self._panels)
        self._noted.update(ax for ax in self._panels if _moves_itself(ax))

    def patch(self, *, afresh: bool) -> tuple[Body, bytes] | None:
        """What has changed since the last call.

        Parameters
        ----------
        afresh : bool
            Whether it is to be a keyframe.

        Returns
        -------
        body : Body
            A part of `tfwidget.scene.protocol.SceneMessage`.
        buffer : bytes
            The arrays.

        None if nothing has changed, and it is not to be a keyframe.
        """
        figure = self._figure
        geometry = (*figure.bbox.size, figure.dpi)
        if not (afresh or figure.stale or self._noted or geometry != self._geometry):
            return None
        everything = afresh or geometry != self._geometry
        self._geometry = geometry
        if afresh:
            self._scene.restart()
            self._atlas.restart()
            for kept in self._all_kept():
                kept.nodes = []
                kept.memory.pop("said", None)
        engine = figure.get_layout_engine()
        if engine is not None:
            engine.execute(figure)
        around = Around(None, 0, int(figure.bbox.height), figure.dpi / 72.0, self._atlas)
        children = figure.get_children()
        for artist in children:
            if isinstance(artist, Axes):
                if everything or artist.stale or artist in self._noted:
                    self._describe_axes(artist, around, everything)
            elif everything or artist.stale or artist in self._noted or artist not in self._own:
                self._describe_own(artist, around)
            artist.stale = False
        self._forget(children)
        figure.stale = False
        self._noted.clear()
        if len(self._atlas) > MOST:
            self._atlas.keep(self._glyphs_in_use())
        return self._scene.take() if afresh or self._scene.changed else None

    # -- the figure's own artists ----------------------------------------------------------------------------------

    def _describe_own(self, artist: Artist, around: Around) -> None:
        kept = self._own.get(artist)
        if kept is None:
            kept = self._own[artist] = self._new_kept()
        try:
            nodes = describe(artist, around, kept)
        except Exception as error:  # whatever is wrong with an artist, the others are shown
            if not self._warned:
                self._warned = True
                _warn("figure", error)
            nodes = [self._picture(artist, 0, artist.get_zorder())]
        if artist is self._figure.patch and nodes and nodes[0] is not None:
            nodes[0]["order"] = _BEHIND
        self._put(kept, nodes)

    # -- axes ------------------------------------------------------------------------------------------------------

    def _panel(self, ax: Axes) -> _Panel:
        panel = self._panels.get(ax)
        if panel is None:
            panel = self._panels[ax] = _Panel(self._scene.new_id(), self._new_kept())
        return panel

    def _describe_axes(self, ax: Axes, figure: Around, everything: bool) -> None:
        panel = self._panel(ax)
        if not ax.get_visible() or ax.get_animated():
            self._clear(panel)
            self._put_panel(panel, None)
            self._put(panel.picture, [])
            return
        if _moves_itself(ax):
            locator = ax.get_axes_locator()
            renderer = Renderer(1, 1, self._figure.dpi)  # type: ignore[no-untyped-call]
            ax.apply_aspect(locator(ax, renderer) if locator else None)
        try:
            self._walk(ax, panel, figure, everything)
            self._put(panel.picture, [])
        except Exception as error:  # whatever is wrong with an axes, the others are shown
            if not panel.warned:
                panel.warned = True
                _warn(f"panel {ax.get_label() or ax.get_title()!r}", error)
            self._clear(panel)
            self._show_picture(ax, panel, figure.height)
        for child in ax.get_children():
            child.stale = False
        ax.stale = False

    def _walk(self, ax: Axes, panel: _Panel, figure: Around, everything: bool) -> None:
        """Describe what has changed of an axes."""
        if ax.name != "rectilinear":
            raise Undescribable(ax, f"its projection is {ax.name!r}")
        limits = (*ax.get_xlim(), *ax.get_ylim())
        box = (*ax.bbox.bounds, ax.axison, ax.get_frame_on())
        scales = [scale_of(axis) for axis in (ax.xaxis, ax.yaxis)]
        if scales != panel.scales or panel.around is None:
            for kept in panel.kept.values():
                kept.memory.pop("said", None)
            everything = True
        if everything:
            panel.around = _around(ax, panel.id, figure, scales)
        moved, resized = limits != panel.limits, box != panel.box
        panel.limits, panel.box, panel.scales = limits, box, scales
        around = panel.around
        assert around is not None
        children = ax.get_children()
        children.remove(ax.patch)
        if _titled(ax) and (resized or moved or everything or ax.title.stale):
            ax.get_tightbbox(Renderer(1, 1, self._figure.dpi), call_axes_locator=False)  # type: ignore[no-untyped-call]
        axes = panel.axes or [_NO_AXIS, _NO_AXIS]
        for child in children:
            kept_before = panel.kept.get(child)
            kept = kept_before or self._new_kept()
            due = everything or kept_before is None or _is_stale(child) or child in self._noted
            if not (due or (moved and kept.needs_limits) or (resized and kept.needs_box)):
                continue
            panel.kept[child] = kept
            nodes: Nodes = []
            if isinstance(child, Axis):
                index = 0 if child is ax.xaxis else 1
                axes[index], nodes = axis_nodes(child, scales[index], around, kept)
            elif child not in ax.spines.values() or (ax.axison and ax.get_frame_on()):
                nodes = describe(child, around, kept)
            elif (moved and kept.needs_limits) or resized:
                kept.needs_box = True
            self._put(kept, nodes)
            child.stale = False
        panel.axes = axes
        if children != panel.children:
            for gone in panel.kept.keys() - set(children):
                self._put(panel.kept.pop(gone), [])
            panel.children = children
        self._put_panel(panel, _panel_node(ax, box, figure.height, axes))

    def _show_picture(self, ax: Axes, panel: _Panel, height: int) -> None:
        """Show an axes as Agg draws it."""
        axes = []
        navigate = ax.name == "rectilinear"
        for axis in (ax.xaxis, ax.yaxis):
            try:
                scale = scale_of(axis)
            except Undescribable:
                scale, navigate = {"kind": "linear"}, False
            axes.append(_NO_AXIS | {"scale": scale, "limits": [float(limit) for limit in axis.get_view_interval()]})
        node = _panel_node(ax, ax.bbox.bounds, height, axes)
        node |= {"face": None, "navigate": navigate and node["navigate"]}
        self._put_panel(panel, node)
        self._put(panel.picture, [self._picture(ax, panel.id, 0.0)])

    def _put_panel(self, panel: _Panel, node: Node | None) -> None:
        panel.node = node
        if node is None:
            self._scene.drop(panel.id)
        else:
            self._scene.put(panel.id, node)

    def _clear(self, panel: _Panel) -> None:
        """Forget the artists of an axes."""
        for kept in panel.kept.values():
            self._put(kept, [])
        panel.kept, panel.children, panel.axes, panel.around = {}, [], [], None

    # -- nodes -----------------------------------------------------------------------------------------------------

    def _picture(self, artist: Artist, panel: int, order: float) -> Node | None:
        """An artist as Agg draws it; None if there is nothing to see, or Agg cannot."""
        width, height = (int(side) for side in self._figure.bbox.size)
        renderer = Renderer(width, height, self._figure.dpi)  # type: ignore[no-untyped-call]
        try:
            artist.draw(renderer)
        except Exception as error:
            _warn("picture of Agg's", error)
            return None
        rgba: NDArray[np.uint8] = np.asarray(renderer.buffer_rgba())  # type: ignore[no-untyped-call]
        cropped = crop(rgba[..., 3])
        if cropped is None:
            return None
        rows, columns = cropped
        return {
            "kind": "image",
            "panel": panel,
            "order": order,
            "clip": False,
            "coords": ["pixels", "pixels"],
            "extent": [columns.start, rows.start, columns.stop, rows.stop],
            "pixels": rgba[rows, columns].copy(),
            "colors": None,
            "alpha": 1.0,
            "smooth": False,
        }

    def _new_kept(self) -> Kept:
        return Kept(min(self._scene.new_id() for _ in range(_IDS)))

    def _put(self, kept: Kept, nodes: Nodes) -> None:
        """Put the nodes of an artist; drop those it no longer has."""
        for i in range(max(len(nodes), len(kept.nodes))):
            node = nodes[i] if i < len(nodes) else None
            if node is not None:
                self._scene.put(kept.first_id + i, node)
            elif i < len(kept.nodes) and kept.nodes[i] is not None:
                self._scene.drop(kept.first_id + i)
                kept.memory.pop("said", None)
        kept.nodes = nodes
        if kept.grown is not None:
            self._scene.grow(kept.first_id, kept.grown)
            kept.grown = None

    def _all_kept(self) -> Iterable[Kept]:
        yield from self._own.values()
        for panel in self._panels.values():
            yield panel.picture
            yield from panel.kept.values()

    def _forget(self, children: list[Artist]) -> None:
        """Drop what is no longer in the figure."""
        if len(children) == len(self._own) + len(self._panels):
            return
        there = set(children)
        for artist in self._own.keys() - there:
            self._put(self._own.pop(artist), [])
        for ax in self._panels.keys() - there:
            panel = self._panels.pop(ax)  # type: ignore[index]
            self._clear(panel)
            self._put(panel.picture, [])
            self._put_panel(panel, None)

    def _glyphs_in_use(self) -> set[int]:
        texts = [node["glyphs"] for kept in self._all_kept() for node in kept.nodes if node and node["kind"] == "text"]
        ticks = [tick["glyphs"] for panel in self._panels.values() for axis in panel.axes for tick in axis["ticks"]]
        return {glyph for glyphs in (*texts, *ticks) for glyph in glyphs[::3]}


def _around(ax: Axes, number: int, figure: Around, scales: list[protocol.Scale]) -> Around:
    with np.errstate(divide="ignore", invalid="ignore"):
        gaps = [
            isinstance(transform := axis.get_transform(), LogTransform)
            and bool(np.isnan(transform.transform(np.array([-1.0]))).any())
            for axis in (ax.xaxis, ax.yaxis)
        ]
    linear = [scale["kind"] == "linear" for scale in scales]
    return Around(ax, number, figure.height, figure.dots, figure.atlas, (linear[0], linear[1]), (gaps[0], gaps[1]))


def _panel_node(ax: Axes, box: tuple[Any, ...], height: int, axes: list[protocol.Axis]) -> Node:
    left, bottom, width, tall = box[:4]
    face = ax.patch
    shown = ax.axison and ax.get_frame_on() and face.get_visible() and face.get_facecolor()[3] > 0
    return {
        "kind": "panel",
        "box": [left, height - bottom - tall, width, tall],
        "order": ax.get_zorder(),
        "face": hex_of(face.get_facecolor(), None) if shown else None,
        "x": axes[0],
        "y": axes[1],
        "navigate": bool(ax.get_navigate() and ax.can_pan() and ax.can_zoom()),
        "equal": _moves_itself(ax),
    }


def _moves_itself(ax: Axes) -> bool:
    """Whether a draw may give the axes another place or other limits."""
    return ax.get_aspect() != "auto" or ax.get_axes_locator() is not None


def _titled(ax: Axes) -> bool:
    """Whether there are titles, whose height depends on what else is above the axes."""
    return any(ax.get_title(loc) for loc in ("left", "center", "right"))


def _is_stale(artist: Artist) -> bool:
    if isinstance(artist, Axis):
        return artist.stale or artist.label.stale or artist.offsetText.stale
    return bool(artist.stale)


def _warn(what: str, error: Exception) -> None:
    reason = str(error) if isinstance(error, Undescribable) else f"{type(error).__name__}: {error}"
    warnings.warn(
        f"A {what} is shown as a picture, which costs it its frame rate: {reason}.", TfwidgetWarning, stacklevel=3
    )
