"""Any figure of Matplotlib as a scene: it describes the artists, and finds those that have changed.

Invariant: a page that has applied all patches since the last keyframe shows what Agg would draw. An axes that cannot be
described is shown as Agg's picture of it.

Artists that have changed are *stale*, in Matplotlib's word. A draw by Agg makes them fresh again. So
`FigureScene.note_stale` is called before each draw of the figure, and remembers them.
"""

from collections.abc import Callable
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfwidget.artists.axes import AxesScene, is_stale
from tfwidget.artists.glyphs import MOST
from tfwidget.artists.ledger import Ledger
from tfwidget.artists.places import Around, Kept
from tfwidget.scene.scene import Body

__all__ = ["FigureScene"]

_BEHIND = -1e9  # the order of the figure's background


class FigureScene:
    """Describes a figure: first as a keyframe, then by patches.

    Parameters
    ----------
    figure : Figure
        The figure. Its ``draw`` is wrapped, so that no change is missed.
    """

    def __init__(self, figure: Figure) -> None:
        self._figure = figure
        self._ledger = Ledger(figure)
        self._axes: dict[Axes, AxesScene] = {}
        self._own: dict[Artist, Kept] = {}
        self._noted: set[Artist] = set()
        self._geometry: tuple[float, ...] = ()
        self._around = Around(None, 0, 0, 0.0, self._ledger.atlas)
        self._draw: Callable[[Any], None] = figure.draw
        figure.draw = self._draw_noted  # type: ignore[method-assign]

    def panel_of(self, id: int) -> Axes | None:  # noqa: A002
        """Return the axes whose node has this id; None if there is none."""
        return next((ax for ax, panel in self._axes.items() if panel.id == id), None)

    def id_of(self, ax: Axes) -> int:
        """Return the id of an axes' node. It stays the same as long as the axes is in the figure."""
        return self._of(ax).id

    def note_stale(self) -> None:
        """Remember which artists are stale; called before each draw of the figure, which makes them fresh."""
        if not self._figure.stale:
            return
        for artist in self._figure.get_children():
            if artist.stale:
                self._noted.add(artist)
                if isinstance(artist, Axes):
                    self._noted.update(child for child in artist.get_children() if is_stale(child))

    def _draw_noted(self, renderer: Any) -> None:
        self.note_stale()
        self._draw(renderer)
        self._noted.update(ax for ax, panel in self._axes.items() if panel.has_moved)

    def patch(self, *, afresh: bool) -> tuple[Body, bytes] | None:
        """Return what has changed since the last call; None if nothing has changed and no keyframe is asked for.

        Parameters
        ----------
        afresh : bool
            Whether to return a keyframe.

        Returns
        -------
        body : Body
            A part of `tfwidget.scene.protocol.SceneMessage`.
        buffer : bytes
            The arrays.
        """
        figure, ledger = self._figure, self._ledger
        width, height = figure.canvas.get_width_height(physical=True)  # rounded as by Agg
        geometry = width, height, figure.dpi
        everything = afresh or geometry != self._geometry
        if not (everything or figure.stale or self._noted):
            return None
        if afresh:
            self._restart()
        if geometry != self._geometry:
            self._geometry = geometry
            self._around = Around(None, 0, height, figure.dpi / 72.0, ledger.atlas)
        engine = figure.get_layout_engine()
        if engine is not None:
            engine.execute(figure)
        around, noted = self._around, self._noted
        children = figure.get_children()
        for artist in children:
            if not (everything or artist.stale or (noted and artist in noted)):
                continue
            artist.stale = False
            if isinstance(artist, Axes):
                self._of(artist).describe(around, noted, everything)
            else:
                self._tell(artist, around, everything)
        if len(children) != len(self._own) + len(self._axes):
            self._forget(set(children))
        figure.stale = False
        noted.clear()
        if len(ledger.atlas) > MOST:
            ledger.atlas.keep(self._glyphs_in_use())
        return ledger.scene.take() if afresh or ledger.scene.changed else None

    def _of(self, ax: Axes) -> AxesScene:
        if ax not in self._axes:
            self._axes[ax] = AxesScene(ax, self._ledger)
        return self._axes[ax]

    def _restart(self) -> None:
        self._ledger.scene.restart()
        self._ledger.atlas.restart()
        for kept in self._all_kept():
            kept.nodes = []
            kept.memory.pop("said", None)

    def _tell(self, artist: Artist, around: Around, everything: bool) -> None:
        """Put an artist that belongs to no axes, or what has changed of it."""
        kept, ledger = self._own.get(artist), self._ledger
        if kept is None:
            kept = self._own[artist] = ledger.new()
        try:
            if everything or not ledger.change(artist, around, kept):
                ledger.describe(artist, around, kept, order=_BEHIND if artist is self._figure.patch else None)
        except Exception as error:  # whatever is wrong with an artist, the others are shown
            name = type(artist).__name__
            ledger.warn(0, f"A {name} beside the panels is drawn by Matplotlib, as a picture.", error)
            ledger.put(kept, [ledger.picture(artist, f"A {name}", 0, artist.get_zorder())])

    def _forget(self, there: set[Artist]) -> None:
        """Drop the nodes of artists that are no longer in the figure."""
        for artist in [artist for artist in self._own if artist not in there]:
            self._ledger.put(self._own.pop(artist), [])
        for ax in [ax for ax in self._axes if ax not in there]:
            self._axes.pop(ax).clear()

    def _all_kept(self) -> list[Kept]:
        return [*self._own.values(), *(kept for panel in self._axes.values() for kept in panel.kept)]

    def _glyphs_in_use(self) -> set[int]:
        texts = [node["glyphs"] for kept in self._all_kept() for node in kept.nodes if node and node["kind"] == "text"]
        ticks = [tick["glyphs"] for panel in self._axes.values() for tick in panel.ticks]
        return {glyph for glyphs in (*texts, *ticks) for glyph in glyphs[::3]}
