"""The ledger of a figure: it knows the nodes of each artist.

Invariant: an artist's nodes are in the scene exactly as they were last put.
"""

import warnings

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tfwidget.agg import Renderer, crop
from tfwidget.artists.changes import changes_of, keep_state
from tfwidget.artists.glyphs import Atlas
from tfwidget.artists.places import Around, Kept, Node, Nodes, Undescribable
from tfwidget.artists.shapes import describe
from tfwidget.errors import TfwidgetWarning
from tfwidget.scene.scene import Scene

__all__ = ["Ledger"]

_IDS = 8  # the number of nodes that an artist may have


class Ledger:
    """Puts the nodes of artists into the scene of their figure.

    Parameters
    ----------
    figure : Figure
        The figure of the artists.

    Attributes
    ----------
    scene : Scene
        The nodes.
    atlas : Atlas
        The glyphs.
    """

    def __init__(self, figure: Figure) -> None:
        self._figure = figure
        self.scene = Scene()
        self.atlas = Atlas(self.scene)
        self._warned: set[tuple[int, str]] = set()
        self._renderer = Renderer(1, 1, figure.dpi)  # type: ignore[no-untyped-call]

    def new(self) -> Kept:
        """Return the entry of a new artist, with ids for its nodes."""
        return Kept(min(self.scene.new_id() for _ in range(_IDS)))

    def put(self, kept: Kept, nodes: Nodes) -> None:
        """Put the nodes that an artist has now, and drop those that it no longer has."""
        for i in range(max(len(nodes), len(kept.nodes))):
            node = nodes[i] if i < len(nodes) else None
            if node is not None:
                self.scene.put(kept.first_id + i, node)
            elif i < len(kept.nodes) and kept.nodes[i] is not None:
                self.scene.drop(kept.first_id + i)
                kept.memory.pop("said", None)
        kept.nodes = nodes
        if kept.grown is not None:
            self.scene.grow(kept.first_id, kept.grown)
            kept.grown = None

    def describe(self, artist: Artist, around: Around, kept: Kept, *, order: float | None = None) -> None:
        """Say what an artist looks like, and when it is painted, if not at its own turn; raises `Undescribable`."""
        nodes = describe(artist, around, kept)
        if order is not None:
            nodes = [node and node | {"order": order} for node in nodes]
        self.put(kept, nodes)
        keep_state(artist, kept)

    def change(self, artist: Artist, around: Around, kept: Kept) -> bool:
        """Say what has changed of an artist; False where it must be described. See `changes_of` for what it needs."""
        changes = changes_of(artist, around, kept)
        if changes is None:
            return False
        if changes:
            self.scene.change(kept.first_id, changes)
        if kept.grown is not None:
            self.scene.grow(kept.first_id, kept.grown)
            kept.grown = None
        return True

    def renderer(self) -> Renderer:
        """What measures texts as the figure's draws do."""
        if self._renderer.dpi != self._figure.dpi:
            self._renderer = Renderer(1, 1, self._figure.dpi)  # type: ignore[no-untyped-call]
        return self._renderer

    def picture(self, artist: Artist, what: str, panel: int, order: float) -> Node | None:
        """Return a node with Agg's picture of an artist; None if there is nothing to see, or Agg cannot draw it."""
        width, height = self._figure.canvas.get_width_height(physical=True)
        renderer = Renderer(width, height, self._figure.dpi)  # type: ignore[no-untyped-call]
        try:
            artist.draw(renderer)
        except Exception as error:  # an error in one artist must not keep the others from being shown
            self.warn(panel, f"{what} cannot be drawn.", error)
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

    def warn(self, panel: int, what: str, error: Exception) -> None:
        """Warn that something is not shown as it should be, and why; once for each panel and text."""
        if (panel, what) not in self._warned:
            self._warned.add((panel, what))
            reason = str(error) if isinstance(error, Undescribable) else f"{type(error).__name__}: {error}"
            warnings.warn(f"{what} {reason}.", TfwidgetWarning, stacklevel=2)
