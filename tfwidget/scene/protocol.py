"""The schema: what the kernel sends of a figure's scene, and what a page answers.

Invariant: this file is the only description of the messages. ``labextension/src/protocol.ts`` says the same in
TypeScript; a test compares the two.

A *scene* is a set of nodes, each with a number (its id) and a kind: panels, and what is painted in them. A *keyframe*
is the whole scene. A *patch* leads from one version to the next: properties of nodes that are new or have another
value, points that an item has grown by, and nodes that are gone. A page that finds a gap asks for a keyframe.

Places are of three sorts, for each direction apart (`Coord`):

- ``"data"``: as the panel's axis counts; the browser brings them to pixels, by the axis' limits and scale;
- ``"axes"``: 0 to 1 from the panel's left to its right edge, or from its lower to its upper one;
- ``"pixels"``: device pixels of the figure, from its upper left corner.

Lengths are device pixels. Colours are ``#rrggbbaa``. Arrays lie in the message's one buffer, see `Data`.
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
"""Of this protocol: a page that says another one in ``ready`` is sent pictures."""

Coord = Literal["data", "axes", "pixels"]


class Data(TypedDict):
    """An array in the message's buffer, C-contiguous, little-endian."""

    at: int
    """Its first byte; a multiple of 4."""
    type: Literal["f4", "u1"]
    shape: list[int]


class Stroke(TypedDict):
    """How a line is drawn."""

    color: str
    width: float
    cap: Literal["butt", "round", "square"]
    join: Literal["miter", "round", "bevel"]
    dash: NotRequired[list[float]]
    """Where the pattern begins, then the lengths of dashes and gaps in turn."""


class Scale(TypedDict):
    """From data to a number that is linear in pixels, as in Matplotlib; the log of what is not positive is -1000."""

    kind: Literal["linear", "log", "symlog"]
    base: NotRequired[float]
    """Of log and symlog."""
    linthresh: NotRequired[float]
    linscale: NotRequired[float]


class Tick(TypedDict):
    """A place on an axis, and its label."""

    at: float
    """In data."""
    glyphs: list[int]
    """Its label, as in `Text.glyphs`. Along the axis, from the pixel that holds the tick's place: rounded down, after a
    thousandth is added, so that page and kernel find the same pixel. Across it, from the figure's upper left corner.
    Empty: no label."""


class Axis(TypedDict):
    """One direction of a panel."""

    scale: Scale
    limits: list[float]
    """Two: at the left or lower edge, and at the right or upper one. The first may be the larger one."""
    ticks: list[Tick]
    """Those outside of the limits, as a page has set them, are not painted."""
    color: str
    """Of the labels."""
    grid: Stroke | None
    """A line at each tick, from the lower or left edge to the other one; clipped, and snapped to whole pixels."""
    order: float
    """When grid and labels are painted, among the panel's items; before those of the same order."""


class Panel(TypedDict):
    """An axes: where data become pixels."""

    kind: Literal["panel"]
    box: list[float]
    """Left, top, width, height in pixels; clipping rounds its edges to whole ones."""
    order: float
    """Panels and the figure's own items (those of panel 0) are painted in this order; ties by id."""
    face: str | None
    """Painted first."""
    x: Axis
    y: Axis
    navigate: bool
    """Whether a person may pan and zoom it."""
    equal: bool
    """Whether a unit of data is as long in both directions."""


class Path(TypedDict):
    """Points joined by lines, stroked, filled or both; a NaN makes a gap."""

    kind: Literal["path"]
    panel: int
    """0: none, it is the figure's own, and all its places are pixels."""
    order: float
    """Within its panel, from the lowest to the highest; ties by id."""
    clip: bool
    """To the panel's box."""
    coords: list[Coord]
    """Two: across, and up or down."""
    offset: list[float]
    """Two numbers to be added to all points, so that float32 is exact enough."""
    points: Data
    """f4, (n, 2)."""
    ascending: bool
    """Whether x never falls: then one column of pixels needs no more than its extremes."""
    closed: bool
    snap: bool | None
    """To whole pixels; None: if all its lines are upright or level."""
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
    """A circle's radius; or lines of x and y in turn around the point, y down."""
    stroke: Stroke | None
    fill: str | None


class Colors(TypedDict):
    """How values become colours, as Matplotlib's ``Normalize`` and ``Colormap`` do it."""

    low: float
    high: float
    table: Data
    """u1, (n + 3, 4): RGBA of n levels, of what is below `low`, of what is above `high`, and of NaN."""


class Image(TypedDict):
    """Pixels stretched over a box, the nearest for each place; the first row is at the first y of the extent."""

    kind: Literal["image"]
    panel: int
    order: float
    clip: bool
    coords: list[Coord]
    extent: list[float]
    """First x, first y, last x, last y: the outer edges."""
    pixels: Data
    """u1 (rows, columns, 4): RGBA, not premultiplied. f4 or u1 (rows, columns): values for `colors`."""
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
    """Three numbers each: the id of a glyph, and the pixel of the figure where its upper left corner goes, x and y."""
    color: str


class Glyph(TypedDict):
    """A piece of text, as its coverage of pixels; painted in the colour of who uses it."""

    kind: Literal["glyph"]
    alpha: Data
    """u1, (rows, columns)."""


Node = Panel | Path | Marks | Image | Text | Glyph


class SceneMessage(TypedDict):
    """From the kernel: a keyframe or a patch. Content of a custom comm message with one buffer."""

    type: Literal["scene"]
    frame: int
    """The number that `frame_ack` repeats."""
    ack: bool
    """Whether an acknowledgement is asked for."""
    version: int
    base: int | None
    """The version that it leads on from; None: a keyframe, which needs none."""
    size: list[int]
    """Width and height of the figure."""
    show: bool
    """Whether the scene is what is to be seen; else the picture of Agg's that follows is."""
    handled: dict[str, int]
    """For each page, the newest of its numbered messages that the limits here were made with."""
    nodes: list[tuple[int, dict[str, object]]]
    """Id, and properties. With ``kind``, it is a new node with all properties of its kind, which replaces what had this
    id; without, these properties have changed."""
    grown: list[tuple[int, Data]]
    """Id of a path, and the points to be added at its end."""
    dropped: list[int]
    """None of these is among `nodes` or `grown`."""
    updates: dict[str, dict[str, object]]
    """State of widgets that belongs to this frame: by model id, traits and values."""


class ViewMessage(TypedDict):
    """From a page: a person has set the limits of a panel."""

    type: Literal["view"]
    client: str
    number: int
    """Counts the page's numbered messages."""
    panel: int
    x: list[float]
    y: list[float]
    done: bool
    """Whether this is where the drag has ended."""
