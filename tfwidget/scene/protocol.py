"""The schema: the scene messages of the kernel, and the view messages of a page.

Invariant: this file is the only description of the messages. ``labextension/src/protocol.ts`` says the same in
TypeScript. A test compares the two.

A *scene* is a set of nodes. Each node has a number (its id) and a kind: it is a panel, or an item that is painted in
one. A *keyframe* is the whole scene. A *patch* leads from one version to the next. It has the new nodes, the changed
properties of others, the points to append to paths, and the ids of nodes to be removed. A page that finds a gap between
its version and a patch asks for a keyframe.

Each coordinate of a place is of one of three sorts (`Coord`):

- ``"data"``: data coordinates; the browser computes the pixel from the axis' limits and scale;
- ``"axes"``: 0 to 1, from the panel's left to its right edge, or from its lower to its upper one;
- ``"pixels"``: device pixels of the figure, from its upper left corner.

Lengths are in device pixels. Colours are ``#rrggbbaa``. The arrays are in the message's one buffer, see `Data`.
"""

from typing import Literal, NotRequired, TypedDict

__all__ = [
    "VERSION",
    "Axis",
    "Colors",
    "Coord",
    "Data",
    "Glyph",
    "Image",
    "Marks",
    "Node",
    "Panel",
    "Path",
    "Scale",
    "SceneMessage",
    "Stroke",
    "Text",
    "Tick",
    "ViewMessage",
]

VERSION = 2
"""The version of this protocol. A page that says another one in ``ready`` is sent pictures only."""

Coord = Literal["data", "axes", "pixels"]


class Data(TypedDict):
    """An array in the message's buffer, C-contiguous, little-endian."""

    at: int
    """The place of its first byte; a multiple of 4."""
    type: Literal["f4", "u1"]
    shape: list[int]


class Stroke(TypedDict):
    """How a line is drawn."""

    color: str
    width: float
    cap: Literal["butt", "round", "square"]
    join: Literal["miter", "round", "bevel"]
    dash: NotRequired[list[float]]
    """First the offset at which the pattern begins, then the lengths of dashes and gaps in turn."""


class Scale(TypedDict):
    """Turns data into numbers that are linear in pixels, as Matplotlib does. What has no logarithm gives -1000."""

    kind: Literal["linear", "log", "symlog"]
    base: NotRequired[float]
    """For log and symlog."""
    linthresh: NotRequired[float]
    """For symlog, as is `linscale`."""
    linscale: NotRequired[float]


class Tick(TypedDict):
    """A place on an axis, and its label."""

    at: float
    """In data coordinates."""
    glyphs: list[int]
    """The label, as in `Text.glyphs`; empty if there is none. Along the axis, positions are relative to the tick's
    pixel: its place plus a thousandth of a pixel, rounded down, so that page and kernel find the same pixel. Across the
    axis, positions count from the figure's upper left corner."""


class Axis(TypedDict):
    """One direction of a panel."""

    scale: Scale
    limits: list[float]
    """Two numbers: at the left or lower edge, and at the right or upper one. The first may be the larger one."""
    ticks: list[Tick]
    """A page may have other limits, where a person has set some. Ticks outside of these are not painted."""
    color: str
    """The colour of the labels."""
    grid: Stroke | None
    """A line at each tick, across the whole panel; clipped, and snapped to whole pixels."""
    order: float
    """Grid and labels are painted among the panel's items by this order, before items of the same order."""


class Panel(TypedDict):
    """An axes: the place where data become pixels."""

    kind: Literal["panel"]
    box: list[float]
    """Left, top, width, height in pixels. For clipping, its edges are rounded to whole pixels."""
    order: float
    """Panels and the figure's own items (those of panel 0) are painted in this order; equal ones by id."""
    face: str | None
    """The colour of the background, which is painted first."""
    x: Axis
    y: Axis
    navigate: bool
    """Whether a person may pan and zoom it."""
    equal: bool
    """Whether a unit of data has the same length in both directions."""


class Path(TypedDict):
    """Points joined by lines, stroked, filled or both. A NaN makes a gap."""

    kind: Literal["path"]
    panel: int
    """The id of its panel; 0 if it is the figure's own, and all its coordinates are pixels."""
    order: float
    """Items of a panel are painted from the lowest to the highest order; equal ones by id."""
    clip: bool
    """Whether it is clipped to the panel's box."""
    coords: list[Coord]
    """Two: of x and of y."""
    offset: list[float]
    """Two numbers to be added to all points, so that float32 is exact enough."""
    points: Data
    """f4, (n, 2)."""
    ascending: bool
    """Whether x never decreases. Then of each column of pixels only the extremes need to be painted."""
    closed: bool
    snap: bool | None
    """Whether it is snapped to whole pixels; null: if all its lines are vertical or horizontal."""
    stroke: Stroke | None
    fill: str | None


class Marks(TypedDict):
    """One small shape at many points."""

    kind: Literal["marks"]
    panel: int
    order: float
    clip: bool
    coords: list[Coord]
    offset: list[float]
    points: Data
    """f4, (n, 2)."""
    shape: float | list[list[float]]
    """The radius of a circle; or lines, each as x and y in turn, relative to the point, with y downwards."""
    stroke: Stroke | None
    fill: str | None


class Colors(TypedDict):
    """Turns values into colours, as Matplotlib's ``Normalize`` and ``Colormap`` do."""

    low: float
    high: float
    table: Data
    """u1, (n + 3, 4): the RGBA of n levels, of values below `low`, of values above `high`, and of NaN."""


class Image(TypedDict):
    """Pixels stretched over a box, without interpolation. The first row is at the first y of the extent."""

    kind: Literal["image"]
    panel: int
    order: float
    clip: bool
    coords: list[Coord]
    extent: list[float]
    """First x, first y, last x, last y: the outer edges of the pixels."""
    pixels: Data
    """u1, (rows, columns, 4): RGBA, not premultiplied; or f4 or u1, (rows, columns): values for `colors`."""
    colors: Colors | None
    alpha: float
    smooth: bool


class Text(TypedDict):
    """One line of text."""

    kind: Literal["text"]
    panel: int
    order: float
    clip: bool
    glyphs: list[int]
    """Three numbers for each glyph: its id, and x and y of the figure's pixel for the glyph's upper left corner."""
    color: str


class Glyph(TypedDict):
    """A piece of text, as its coverage of pixels. It is painted in the colour of the text or axis that uses it."""

    kind: Literal["glyph"]
    alpha: Data
    """u1, (rows, columns)."""


Node = Panel | Path | Marks | Image | Text | Glyph


class SceneMessage(TypedDict):
    """From the kernel: a keyframe or a patch. It is the content of a custom comm message with one buffer."""

    type: Literal["scene"]
    frame: int
    """The number that `frame_ack` repeats."""
    ack: bool
    """Whether the page is to acknowledge the frame."""
    version: int
    """The version of the scene after this message."""
    base: int | None
    """The version that the page must have before; null for a keyframe, which needs none."""
    size: list[int]
    """Width and height of the figure."""
    show: bool
    """Whether the page is to show the scene. Otherwise it shows Agg's picture, which follows."""
    handled: dict[str, int]
    """For each page, the number of its newest view message that is taken into account in these limits."""
    nodes: list[tuple[int, dict[str, object]]]
    """Ids and properties. With ``kind`` it is a new node with all properties of its kind, and replaces any node with
    this id. Without ``kind``, these properties have changed."""
    grown: list[tuple[int, Data]]
    """The id of a path, and the points to be appended."""
    dropped: list[int]
    """Ids of nodes to be removed. None of these is among `nodes` or `grown`."""
    updates: dict[str, dict[str, object]]
    """State of widgets that belongs to this frame: for each model id, traits and their values."""


class ViewMessage(TypedDict):
    """From a page: a person has set the limits of a panel."""

    type: Literal["view"]
    client: str
    number: int
    """The page numbers its view messages in order."""
    panel: int
    x: list[float]
    """The new limits, as in `Axis.limits`; so is `y`."""
    y: list[float]
    done: bool
    """Whether the drag has ended here."""
