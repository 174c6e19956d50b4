"""Any figure of Matplotlib as a scene: what its artists look like, and which of them have changed.

Invariant: a page that has each patch, since the last keyframe, shows what Agg would draw; what cannot be described is
shown as Agg's pixels, an axes at a time.

What has changed is what Matplotlib calls *stale*. Agg's drawing resets that, so each draw of the figure is preceded by
`FigureScene.note_stale`.
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

_BEHIND = -1e9  # the order of the figure's own background


class FigureScene:
    """A figure, described: a keyframe first, then what has changed.

    Parameters
    ----------
    figure : Figure
        Its draws are watched from now on.
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
        """The axes whose node has this id; None if there is none, or no longer."""
        return next((ax for ax, panel in self._axes.items() if panel.id == id), None)

    def id_of(self, ax: Axes) -> int:
        """The id of an axes' node: the same as long as it is in the figure."""
        return self._of(ax).id

    def note_stale(self) -> None:
        """Remember which artists are stale; called before each draw of the figure, which resets that."""
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
        figure, ledger = self._figure, self._ledger
        width, height = figure.canvas.get_width_height(physical=True)  # as Agg rounds them
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
        """Drop what is no longer in the figure."""
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
