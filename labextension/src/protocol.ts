/**
 * The schema: what the kernel sends of a figure's scene, and what a page answers.
 *
 * Invariant: this file is the only description of the messages. `labextension/src/protocol.ts` says the same in
 * TypeScript; a test compares the two.
 *
 * A *scene* is a set of nodes, each with a number (its id) and a kind: panels, and what is painted in them. A *keyframe*
 * is the whole scene. A *patch* leads from one version to the next: properties of nodes that are new or have another
 * value, points that an item has grown by, and nodes that are gone. A page that finds a gap asks for a keyframe.
 *
 * Places are of three sorts, for each direction apart (`Coord`):
 *
 * - `"data"`: as the panel's axis counts; the browser brings them to pixels, by the axis' limits and scale;
 * - `"axes"`: 0 to 1 from the panel's left to its right edge, or from its lower to its upper one;
 * - `"pixels"`: device pixels of the figure, from its upper left corner.
 *
 * Lengths are device pixels. Colours are `#rrggbbaa`. Arrays lie in the message's one buffer, see `Data`.
 *
 * Written by `python -m tests.protocol` from tfwidget/scene/protocol.py, where changes belong.
 */

/** Of this protocol: a page that says another one in `ready` is sent pictures. */
export const VERSION = 2;

export type Coord = 'data' | 'axes' | 'pixels';

/** An array in the message's buffer, C-contiguous, little-endian. */
export interface Data {
  /** Its first byte; a multiple of 4. */
  at: number;
  type: 'f4' | 'u1';
  shape: number[];
}

/** How a line is drawn. */
export interface Stroke {
  color: string;
  width: number;
  cap: 'butt' | 'round' | 'square';
  join: 'miter' | 'round' | 'bevel';
  /** Where the pattern begins, then the lengths of dashes and gaps in turn. */
  dash?: number[];
}

/** From data to a number that is linear in pixels, as in Matplotlib; the log of what is not positive is -1000. */
export interface Scale {
  kind: 'linear' | 'log' | 'symlog';
  /** Of log and symlog. */
  base?: number;
  linthresh?: number;
  linscale?: number;
}

/** A place on an axis, and its label. */
export interface Tick {
  /** In data. */
  at: number;
  /**
   * Its label, as in `Text.glyphs`. Along the axis, from the pixel that holds the tick's place: rounded down, after a
   * thousandth is added, so that page and kernel find the same pixel. Across it, from the figure's upper left corner.
   * Empty: no label.
   */
  glyphs: number[];
}

/** One direction of a panel. */
export interface Axis {
  scale: Scale;
  /** Two: at the left or lower edge, and at the right or upper one. The first may be the larger one. */
  limits: number[];
  /** Those outside of the limits, as a page has set them, are not painted. */
  ticks: Tick[];
  /** Of the labels. */
  color: string;
  /** A line at each tick, from the lower or left edge to the other one; clipped, and snapped to whole pixels. */
  grid: Stroke | null;
  /** When grid and labels are painted, among the panel's items; before those of the same order. */
  order: number;
}

/** An axes: where data become pixels. */
export interface Panel {
  kind: 'panel';
  /** Left, top, width, height in pixels; clipping rounds its edges to whole ones. */
  box: number[];
  /** Panels and the figure's own items (those of panel 0) are painted in this order; ties by id. */
  order: number;
  /** Painted first. */
  face: string | null;
  x: Axis;
  y: Axis;
  /** Whether a person may pan and zoom it. */
  navigate: boolean;
  /** Whether a unit of data is as long in both directions. */
  equal: boolean;
}

/** Points joined by lines, stroked, filled or both; a NaN makes a gap. */
export interface Path {
  kind: 'path';
  /** 0: none, it is the figure's own, and all its places are pixels. */
  panel: number;
  /** Within its panel, from the lowest to the highest; ties by id. */
  order: number;
  /** To the panel's box. */
  clip: boolean;
  /** Two: across, and up or down. */
  coords: Coord[];
  /** Two numbers to be added to all points, so that float32 is exact enough. */
  offset: number[];
  /** f4, (n, 2). */
  points: Data;
  /** Whether x never falls: then one column of pixels needs no more than its extremes. */
  ascending: boolean;
  closed: boolean;
  /** To whole pixels; None: if all its lines are upright or level. */
  snap: boolean | null;
  stroke: Stroke | null;
  fill: string | null;
}

/** One small shape at many points. */
export interface Marks {
  kind: 'marks';
  panel: number;
  order: number;
  clip: boolean;
  coords: Coord[];
  offset: number[];
  /** f4, (n, 2). */
  points: Data;
  /** A circle's radius; or lines of x and y in turn around the point, y down. */
  shape: number | number[][];
  stroke: Stroke | null;
  fill: string | null;
}

/** How values become colours, as Matplotlib's `Normalize` and `Colormap` do it. */
export interface Colors {
  low: number;
  high: number;
  /** u1, (n + 3, 4): RGBA of n levels, of what is below `low`, of what is above `high`, and of NaN. */
  table: Data;
}

/** Pixels stretched over a box, the nearest for each place; the first row is at the first y of the extent. */
export interface Image {
  kind: 'image';
  panel: number;
  order: number;
  clip: boolean;
  coords: Coord[];
  /** First x, first y, last x, last y: the outer edges. */
  extent: number[];
  /** u1 (rows, columns, 4): RGBA, not premultiplied. f4 or u1 (rows, columns): values for `colors`. */
  pixels: Data;
  colors: Colors | null;
  alpha: number;
  smooth: boolean;
}

/** One line of text. */
export interface Text {
  kind: 'text';
  panel: number;
  order: number;
  clip: boolean;
  /** Three numbers each: the id of a glyph, and the pixel of the figure where its upper left corner goes, x and y. */
  glyphs: number[];
  color: string;
}

/** A piece of text, as its coverage of pixels; painted in the colour of who uses it. */
export interface Glyph {
  kind: 'glyph';
  /** u1, (rows, columns). */
  alpha: Data;
}

export type Node = Panel | Path | Marks | Image | Text | Glyph;

/** From the kernel: a keyframe or a patch. Content of a custom comm message with one buffer. */
export interface SceneMessage {
  type: 'scene';
  /** The number that `frame_ack` repeats. */
  frame: number;
  /** Whether an acknowledgement is asked for. */
  ack: boolean;
  version: number;
  /** The version that it leads on from; None: a keyframe, which needs none. */
  base: number | null;
  /** Width and height of the figure. */
  size: number[];
  /** Whether the scene is what is to be seen; else the picture of Agg's that follows is. */
  show: boolean;
  /** For each page, the newest of its numbered messages that the limits here were made with. */
  handled: Record<string, number>;
  /**
   * Id, and properties. With `kind`, it is a new node with all properties of its kind, which replaces what had this
   * id; without, these properties have changed.
   */
  nodes: [number, Record<string, unknown>][];
  /** Id of a path, and the points to be added at its end. */
  grown: [number, Data][];
  /** None of these is among `nodes` or `grown`. */
  dropped: number[];
  /** State of widgets that belongs to this frame: by model id, traits and values. */
  updates: Record<string, Record<string, unknown>>;
}

/** From a page: a person has set the limits of a panel. */
export interface ViewMessage {
  type: 'view';
  client: string;
  /** Counts the page's numbered messages. */
  number: number;
  panel: number;
  x: number[];
  y: number[];
  /** Whether this is where the drag has ended. */
  done: boolean;
}
