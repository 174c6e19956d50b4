/**
 * Paints what moves in a figure over the picture of all that does not, from a list that the kernel sends.
 *
 * Invariant: what is painted looks as if Agg had drawn it: the same places, widths and colours, snapped to pixels where
 * Agg snaps, clipped to the axes.
 *
 * The list is described in tfwidget/plot/stream.py: places and lengths are device pixels of the figure, from its upper
 * left corner.
 */

import type { Draggable, Motion } from './drag';

/** Left, top, width and height. */
export type Box = readonly [number, number, number, number];

/** What every item has. */
interface AnyItem {
  /** To the axes. */
  clip: boolean;
  /** Across, down, both or neither: where it goes along with the data when these are dragged. */
  follows?: '' | 'x' | 'y' | 'xy';
}

/** Points joined by lines; one that is not a number makes a gap. */
export interface PathItem extends AnyItem {
  kind: 'path';
  points: Float32Array;
  closed: boolean;
  /** To whole pixels; null: if all its lines are upright or level. */
  snap: boolean | null;
  stroke?: string;
  width?: number;
  cap?: CanvasLineCap;
  join?: CanvasLineJoin;
  /** Where the pattern begins, and the lengths of dashes and gaps. */
  dash?: number[];
  fill?: string;
}

/** One shape at many points: a circle's radius, or lines of x and y in turn around the point. */
export interface MarksItem extends AnyItem {
  kind: 'marks';
  points: Float32Array;
  shape: number | number[][];
  stroke?: string;
  width?: number;
  fill?: string;
}

/** Pixels stretched over a box. */
export interface ImageItem extends AnyItem {
  kind: 'image';
  box: Box;
  /** Its size is not the data's: a text. */
  rigid?: boolean;
  alpha: number;
  /** What the kernel calls these pixels: of those that the frame before had, it sends the name alone. */
  texture: number;
  pixels: CanvasImageSource;
}

export type Item = PathItem | MarksItem | ImageItem;

/** An axes. */
export interface Panel extends Draggable {
  items: Item[];
}

/** What moves, as it is in one frame. */
export interface Stream {
  /** The picture that it is to be painted over. */
  base: number;
  /** Width and height of the figure. */
  size: readonly [number, number];
  /** The newest message about the mouse that the limits were made with, by the page that sent it. */
  pointers: Record<string, number>;
  panels: Panel[];
  textures: Map<number, CanvasImageSource>;
}

/** As the kernel sends it: the points and pixels of an item lie in the bytes. */
type SentItem = Omit<Item, 'points' | 'pixels'> & { at?: number; points?: number; size?: [number, number] };

interface SentStream {
  base: number;
  size: [number, number];
  pointers?: Record<string, number>;
  panels: (Draggable & { items: SentItem[] })[];
}

/** Points to be added to paths of the frame before: panel, item, and how many, in the order of the bytes. */
interface SentGrowth {
  growth?: [number, number, number][];
}

/** Makes pixels, four bytes each, something that can be painted. */
export type MakeTexture = (rgba: Uint8ClampedArray<ArrayBuffer>, width: number, height: number) => CanvasImageSource;

const FAR = 1e4; // pixels; browsers lose precision far from the picture

/**
 * Read a frame.
 *
 * @param before - the frame sent before this one, whose textures need not come again.
 * @throws if it is not as it should be: nothing of it can be painted then.
 */
export function decodeStream(
  message: Record<string, unknown>,
  data: ArrayBuffer,
  makeTexture: MakeTexture,
  before?: Stream,
): Stream {
  const textures = new Map<number, CanvasImageSource>();
  const decode = (sent: SentItem): Item => {
    const { at = -1, points = 0, size: [width, height] = [0, 0], ...item } = sent;
    if (item.kind !== 'image') {
      return { ...item, points: new Float32Array(data, at, 2 * points) } as Item;
    }
    const name = (item as ImageItem).texture;
    const pixels =
      at < 0
        ? (textures.get(name) ?? before?.textures.get(name))
        : makeTexture(new Uint8ClampedArray(data, at, 4 * width * height), width, height);
    if (pixels === undefined) {
      throw new Error(`the frame refers to texture ${name}, which did not come`);
    }
    textures.set(name, pixels);
    return { ...item, pixels } as Item;
  };
  const { base, size, pointers = {}, panels, growth } = message as unknown as SentStream & SentGrowth;
  if (growth) {
    if (before?.base !== base) {
      throw new Error('the frame goes on from one that did not come');
    }
    return { ...before, panels: grown(before.panels, growth, new Float32Array(data)) };
  }
  const decoded = panels.map(panel => ({ ...panel, items: panel.items.map(decode) }));
  return { base, size, pointers, panels: decoded, textures };
}

function grown(before: Panel[], growth: [number, number, number][], added: Float32Array): Panel[] {
  const panels = before.map(panel => ({ ...panel, items: [...panel.items] }));
  let begin = 0;
  for (const [panel, item, count] of growth) {
    const items = panels[panel]?.items;
    const path = items?.[item];
    const end = begin + 2 * count;
    if (!items || path?.kind !== 'path' || end > added.length) {
      throw new Error(`item ${item} of panel ${panel} cannot grow by ${count} points`);
    }
    const points = new Float32Array(path.points.length + end - begin);
    points.set(path.points);
    points.set(added.subarray(begin, end), path.points.length);
    items[item] = { ...path, points };
    begin = end;
  }
  return panels;
}

/**
 * Paint all panels onto a canvas of this width and height, which may yet be another than the figure's.
 *
 * @param motionOf - where the data of a panel have been dragged since the frame was made, if anywhere.
 */
export function paintStream(
  context: CanvasRenderingContext2D,
  stream: Stream,
  width: number,
  height: number,
  motionOf: (panel: Draggable) => Motion | undefined = () => undefined,
): void {
  context.save();
  context.scale(width / stream.size[0], height / stream.size[1]);
  for (const panel of stream.panels) {
    const motion = motionOf(panel);
    for (const item of panel.items) {
      const follows = motion ? (item.follows ?? '') : '';
      context.save();
      if (item.clip || follows) {
        const [left, top, wide, tall] = panel.box;
        const [x, y] = [item.clip || follows.includes('x'), item.clip || follows.includes('y')];
        context.beginPath();
        context.rect(x ? left : 0, y ? top : 0, x ? wide : stream.size[0], y ? tall : stream.size[1]);
        context.clip();
      }
      paintItem(context, motion && follows ? moved(item, motion, follows) : item);
      context.restore();
    }
  }
  context.restore();
}

/** An item where it has been dragged. Lines keep their width, and marks their size. */
function moved<T extends Item>(item: T, motion: Motion, follows: string): T {
  const [[scaleX, shiftX], [scaleY, shiftY]] = (['x', 'y'] as const).map((axis, i) =>
    follows.includes(axis) ? (motion[i] as Motion[number]) : [1, 0],
  ) as unknown as Motion;
  if (item.kind === 'image') {
    const [left, top, width, height] = item.box;
    if (item.rigid) {
      const [x, y] = [left + width / 2, top + height / 2];
      return { ...item, box: [left + (scaleX - 1) * x + shiftX, top + (scaleY - 1) * y + shiftY, width, height] };
    }
    return { ...item, box: [scaleX * left + shiftX, scaleY * top + shiftY, scaleX * width, scaleY * height] };
  }
  return { ...item, points: item.points.map((at, i) => (i % 2 ? scaleY * at + shiftY : scaleX * at + shiftX)) };
}

function paintItem(context: CanvasRenderingContext2D, item: Item): void {
  switch (item.kind) {
    case 'path':
      paintPath(context, item);
      break;
    case 'marks':
      paintMarks(context, item);
      break;
    case 'image':
      context.imageSmoothingEnabled = false;
      context.globalAlpha = item.alpha;
      context.drawImage(item.pixels, ...item.box);
  }
}

function paintPath(context: CanvasRenderingContext2D, item: PathItem): void {
  let { points } = item;
  if (item.snap ?? isRectilinear(points)) {
    points = snapped(points, item.stroke === undefined ? 0 : (item.width ?? 0));
  }
  context.beginPath();
  if (item.fill === undefined && !item.closed) {
    traceLine(context, points);
  } else {
    traceOutline(context, points, item.closed);
  }
  if (item.dash) {
    const [offset = 0, ...dashes] = item.dash;
    context.setLineDash(dashes);
    context.lineDashOffset = offset;
  }
  finish(context, item, item.cap, item.join);
}

function paintMarks(context: CanvasRenderingContext2D, item: MarksItem): void {
  const { points, shape } = item;
  for (let i = 0; i < points.length; i += 2) {
    // As Agg does: it draws one mark, a circle around a pixel's middle, and copies it to whole pixels.
    const x = Math.floor((points[i] as number) + 0.5);
    const y = Math.floor((points[i + 1] as number) + 0.5);
    context.beginPath();
    if (typeof shape === 'number') {
      context.arc(x + 0.5, y + 0.5, shape, 0, 2 * Math.PI);
    } else {
      for (const line of shape) {
        for (let j = 0; j < line.length; j += 2) {
          context[j === 0 ? 'moveTo' : 'lineTo'](x + (line[j] as number), y + (line[j + 1] as number));
        }
      }
    }
    finish(context, item, 'butt', 'miter'); // one by one: where two marks overlap, their edges add up
  }
}

function finish(
  context: CanvasRenderingContext2D,
  { fill, stroke, width }: PathItem | MarksItem,
  cap: CanvasLineCap = 'butt',
  join: CanvasLineJoin = 'miter',
): void {
  if (fill !== undefined) {
    context.fillStyle = fill;
    context.fill();
  }
  if (stroke !== undefined && width !== undefined) {
    context.strokeStyle = stroke;
    context.lineWidth = width;
    context.lineCap = cap;
    context.lineJoin = join;
    context.stroke();
  }
}

/** Whether every line is upright or level, and there are not too many: such lines Agg snaps to pixels. */
export function isRectilinear(points: Float32Array): boolean {
  if (points.length > 2 * 1024) {
    return false;
  }
  for (let i = 2; i < points.length; i += 2) {
    const dx = Math.abs((points[i] as number) - (points[i - 2] as number));
    const dy = Math.abs((points[i + 1] as number) - (points[i - 1] as number));
    if (dx >= 1e-4 && dy >= 1e-4) {
      return false;
    }
  }
  return true;
}

/** To where a line of this width fills whole pixels. */
export function snapped(points: Float32Array, width: number): Float32Array {
  const offset = Math.round(width) % 2 ? 0.5 : 0;
  return points.map(place => Math.floor(place + 0.5) + offset);
}

function traceOutline(context: CanvasRenderingContext2D, points: Float32Array, closed: boolean): void {
  // What is filled here is rectilinear: drawing its far corners nearer does not change what is in sight.
  const near = (place: number) => Math.min(Math.max(place, -FAR), 2 * FAR);
  let begun = false;
  for (let i = 0; i <= points.length; i += 2) {
    const x = points[i] ?? Number.NaN;
    const y = points[i + 1] ?? Number.NaN;
    const gap = Number.isNaN(x + y);
    if (!gap) {
      context[begun ? 'lineTo' : 'moveTo'](near(x), near(y));
    } else if (begun && closed) {
      context.closePath();
    }
    begun = !gap;
  }
}

function traceLine(context: CanvasRenderingContext2D, points: Float32Array): void {
  let [x0, y0] = [Number.NaN, Number.NaN];
  let begun = false; // the path has come to (x0, y0)
  for (let i = 0; i < points.length; i += 2) {
    const x1 = points[i] as number;
    const y1 = points[i + 1] as number;
    const line = clipped(x0, y0, x1, y1);
    if (line) {
      const [fromX, fromY, toX, toY] = line;
      if (!begun || fromX !== x0 || fromY !== y0) {
        context.moveTo(fromX, fromY);
      }
      context.lineTo(toX, toY);
    }
    begun = line !== null && line[2] === x1 && line[3] === y1;
    [x0, y0] = [x1, y1];
  }
}

/** The part of a line that is not far from the picture; null where there is none, or an end is not a number. */
export function clipped(x0: number, y0: number, x1: number, y1: number): [number, number, number, number] | null {
  if (Number.isNaN(x0 + y0 + x1 + y1)) {
    return null;
  }
  let [begin, end] = [0, 1];
  for (const [from, to] of [
    [x0, x1],
    [y0, y1],
  ] as const) {
    const step = to - from;
    if (step === 0) {
      if (from < -FAR || from > 2 * FAR) {
        return null;
      }
      continue;
    }
    const [a, b] = [(-FAR - from) / step, (2 * FAR - from) / step];
    begin = Math.max(begin, Math.min(a, b));
    end = Math.min(end, Math.max(a, b));
  }
  if (begin > end) {
    return null;
  }
  return [
    begin > 0 ? x0 + begin * (x1 - x0) : x0,
    begin > 0 ? y0 + begin * (y1 - y0) : y0,
    end < 1 ? x0 + end * (x1 - x0) : x1,
    end < 1 ? y0 + end * (y1 - y0) : y1,
  ];
}
