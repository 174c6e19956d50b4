/**
 * The schema: the scene messages of the kernel, and the view messages of a page.
 *
 * Invariant: this file is the only description of the messages. `labextension/src/protocol.ts` says the same in
 * TypeScript. A test compares the two.
 *
 * A *scene* is a set of nodes. Each node has a number (its id) and a kind: it is a panel, or an item that is painted in
 * one. A *keyframe* is the whole scene. A *patch* leads from one version to the next. It has the new nodes, the changed
 * properties of others, the points to append to paths, and the ids of nodes to be removed. A page that finds a gap between
 * its version and a patch asks for a keyframe.
 *
 * Each coordinate of a place is of one of three sorts (`Coord`):
 *
 * - `"data"`: data coordinates; the browser computes the pixel from the axis' limits and scale;
 * - `"axes"`: 0 to 1, from the panel's left to its right edge, or from its lower to its upper one;
 * - `"pixels"`: device pixels of the figure, from its upper left corner.
 *
 * Lengths are in device pixels. Colours are `#rrggbbaa`. The arrays are in the message's one buffer, see `Data`.
 *
 * Written by `python -m tests.protocol` from tfwidget/scene/protocol.py, where changes belong.
 */

/** The version of this protocol. A page that says another one in `ready` is sent pictures only. */
export const VERSION = 2;

export type Coord = 'data' | 'axes' | 'pixels';

/** An array in the message's buffer, C-contiguous, little-endian. */
export interface Data {
  /** The place of its first byte; a multiple of 4. */
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
  /** First the offset at which the pattern begins, then the lengths of dashes and gaps in turn. */
  dash?: number[];
}

/** Turns data into numbers that are linear in pixels, as Matplotlib does. What has no logarithm gives -1000. */
export interface Scale {
  kind: 'linear' | 'log' | 'symlog';
  /** For log and symlog. */
  base?: number;
  /** For symlog, as is `linscale`. */
  linthresh?: number;
  linscale?: number;
}

/** A place on an axis, and its label. */
export interface Tick {
  /** In data coordinates. */
  at: number;
  /**
   * The label, as in `Text.glyphs`; empty if there is none. Along the axis, positions are relative to the tick's
   * pixel: its place plus a thousandth of a pixel, rounded down, so that page and kernel find the same pixel. Across the
   * axis, positions count from the figure's upper left corner.
   */
  glyphs: number[];
}

/** One direction of a panel. */
export interface Axis {
  scale: Scale;
  /** Two numbers: at the left or lower edge, and at the right or upper one. The first may be the larger one. */
  limits: number[];
  /** A page may have other limits, where a person has set some. Ticks outside of these are not painted. */
  ticks: Tick[];
  /** The colour of the labels. */
  color: string;
  /** A line at each tick, across the whole panel; clipped, and snapped to whole pixels. */
  grid: Stroke | null;
  /** Grid and labels are painted among the panel's items by this order, before items of the same order. */
  order: number;
}

/** An axes: the place where data become pixels. */
export interface Panel {
  kind: 'panel';
  /** Left, top, width, height in pixels. For clipping, its edges are rounded to whole pixels. */
  box: number[];
  /** Panels and the figure's own items (those of panel 0) are painted in this order; equal ones by id. */
  order: number;
  /** The colour of the background, which is painted first. */
  face: string | null;
  x: Axis;
  y: Axis;
  /** Whether a person may pan and zoom it. */
  navigate: boolean;
  /** Whether a unit of data has the same length in both directions. */
  equal: boolean;
}

/** Points joined by lines, stroked, filled or both. A NaN makes a gap. */
export interface Path {
  kind: 'path';
  /** The id of its panel; 0 if it is the figure's own, and all its coordinates are pixels. */
  panel: number;
  /** Items of a panel are painted from the lowest to the highest order; equal ones by id. */
  order: number;
  /** Whether it is clipped to the panel's box. */
  clip: boolean;
  /** Two: of x and of y. */
  coords: Coord[];
  /** Two numbers to be added to all points, so that float32 is exact enough. */
  offset: number[];
  /** f4, (n, 2). */
  points: Data;
  /** Whether x never decreases. Then of each column of pixels only the extremes need to be painted. */
  ascending: boolean;
  closed: boolean;
  /** Whether it is snapped to whole pixels; null: if all its lines are vertical or horizontal. */
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
  /** The radius of a circle; or lines, each as x and y in turn, relative to the point, with y downwards. */
  shape: number | number[][];
  stroke: Stroke | null;
  fill: string | null;
}

/** Turns values into colours, as Matplotlib's `Normalize` and `Colormap` do. */
export interface Colors {
  low: number;
  high: number;
  /** u1, (n + 3, 4): the RGBA of n levels, of values below `low`, of values above `high`, and of NaN. */
  table: Data;
}

/** Pixels stretched over a box, without interpolation. The first row is at the first y of the extent. */
export interface Image {
  kind: 'image';
  panel: number;
  order: number;
  clip: boolean;
  coords: Coord[];
  /** First x, first y, last x, last y: the outer edges of the pixels. */
  extent: number[];
  /** u1, (rows, columns, 4): RGBA, not premultiplied; or f4 or u1, (rows, columns): values for `colors`. */
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
  /** Three numbers for each glyph: its id, and x and y of the figure's pixel for the glyph's upper left corner. */
  glyphs: number[];
  color: string;
}

/** A piece of text, as its coverage of pixels. It is painted in the colour of the text or axis that uses it. */
export interface Glyph {
  kind: 'glyph';
  /** u1, (rows, columns). */
  alpha: Data;
}

export type Node = Panel | Path | Marks | Image | Text | Glyph;

/** From the kernel: a keyframe or a patch. It is the content of a custom comm message with one buffer. */
export interface SceneMessage {
  type: 'scene';
  /** The number that `frame_ack` repeats. */
  frame: number;
  /** Whether the page is to acknowledge the frame. */
  ack: boolean;
  /** The version of the scene after this message. */
  version: number;
  /** The version that the page must have before; null for a keyframe, which needs none. */
  base: number | null;
  /** Width and height of the figure. */
  size: number[];
  /** Whether the page is to show the scene. Otherwise it shows Agg's picture, which follows. */
  show: boolean;
  /** For each page, the number of its newest view message that is taken into account in these limits. */
  handled: Record<string, number>;
  /**
   * Ids and properties. With `kind` it is a new node with all properties of its kind, and replaces any node with
   * this id. Without `kind`, these properties have changed.
   */
  nodes: [number, Record<string, unknown>][];
  /** The id of a path, and the points to be appended. */
  grown: [number, Data][];
  /** Ids of nodes to be removed. None of these is among `nodes` or `grown`. */
  dropped: number[];
  /** State of widgets that belongs to this frame: for each model id, traits and their values. */
  updates: Record<string, Record<string, unknown>>;
}

/** From a page: a person has set the limits of a panel. */
export interface ViewMessage {
  type: 'view';
  client: string;
  /** The page numbers its view messages in order. */
  number: number;
  panel: number;
  /** The new limits, as in `Axis.limits`; so is `y`. */
  x: number[];
  y: number[];
  /** Whether the drag has ended here. */
  done: boolean;
}
