/**
 * Paints a scene onto a canvas.
 *
 * Invariant: the picture looks as if Agg had drawn it. Places, widths and colours are the same, lines are snapped to
 * pixels where Agg snaps, and items are clipped to whole pixels of the panel.
 */
import { extremes, isRectilinear, type Pixels, snapped, snappedPlace, traceLine, traceOutlines } from './paths';
import type { Panel, Stroke, Text } from './protocol';
import type { ImageNode, MarksNode, PathNode } from './reader';
import type { Item, Scene } from './scene';
import type { Textures } from './textures';
import { type Direction, directions, type Limits, placing } from './transform';

/** A panel while it is painted. Items of the figure itself have none. */
interface Frame {
  readonly panel: Panel;
  readonly directions: readonly [Direction, Direction];
  /** Whether a person has set its limits, so that they are not the kernel's. */
  readonly isMoved: boolean;
}

const FAR = 1e4; // pixels; no mark is that large
const SPARE = 1e-3; // pixels; the kernel adds the same to a tick's place before it rounds down, see `Tick.glyphs`

/**
 * Paint a scene on a canvas of this size. The figure may have another size; then it is stretched.
 *
 * @param limits - by the ids of panels: limits that a person has set.
 */
export function paintScene(
  context: CanvasRenderingContext2D,
  scene: Scene,
  textures: Textures,
  [width, height]: readonly [number, number],
  limits: ReadonlyMap<number, Limits> = new Map(),
): void {
  const painter = new Painter(context, scene, textures);
  context.save();
  context.scale(width / scene.size[0], height / scene.size[1]);
  for (const layer of scene.layers) {
    if ('items' in layer) {
      painter.panel(layer.node, layer.items, limits.get(layer.id));
    } else {
      painter.item(layer.node, undefined);
    }
  }
  context.restore();
}

class Painter {
  constructor(
    private readonly context: CanvasRenderingContext2D,
    private readonly scene: Scene,
    private readonly textures: Textures,
  ) {}

  panel(panel: Panel, items: readonly Item[], limits: Limits | undefined): void {
    const frame = { panel, directions: directions(panel, limits), isMoved: limits !== undefined };
    if (panel.face !== null) {
      const [left, top, right, bottom] = wholePixels(panel.box);
      this.context.fillStyle = panel.face;
      this.context.fillRect(left, top, right - left, bottom - top);
    }
    const axes = ([0, 1] as const).map(i => ({ i, order: (i === 0 ? panel.x : panel.y).order }));
    axes.sort((one, other) => one.order - other.order);
    for (const item of items) {
      while (axes[0] && axes[0].order <= item.order) {
        this.axis(frame, axes.shift()?.i ?? 0);
      }
      this.item(item, frame);
    }
    for (const { i } of axes) {
      this.axis(frame, i);
    }
  }

  item(item: Item, frame: Frame | undefined): void {
    const { context } = this;
    context.save();
    if (frame) {
      this.clip(item, frame);
    }
    switch (item.kind) {
      case 'path':
        this.path(item, frame);
        break;
      case 'marks':
        this.marks(item, frame);
        break;
      case 'image':
        this.image(item, frame);
        break;
      case 'text':
        this.text(item);
    }
    context.restore();
  }

  /** Clip to the panel, if the item asks for it; of a panel that a person has moved, also items in data coordinates. */
  private clip(item: Item, { panel, isMoved }: Frame): void {
    const [left, top, right, bottom] = wholePixels(panel.box);
    const [width, height] = this.scene.size;
    const [across, down] = (isMoved && 'coords' in item ? item.coords : []).map(sort => sort === 'data');
    if (item.clip || (across && down)) {
      clip(this.context, [left, top, right, bottom]);
    } else if (across) {
      clip(this.context, [left, 0, right, height]);
    } else if (down) {
      clip(this.context, [0, top, width, bottom]);
    }
  }

  /** Paint the grid and the labels of an axis. */
  private axis({ panel, directions }: Frame, i: 0 | 1): void {
    const axis = i === 0 ? panel.x : panel.y;
    const direction = directions[i];
    const ticks = axis.ticks
      .filter(({ at }) => direction.shows(at))
      .map(({ at, glyphs }) => ({ place: direction.pixel(at), glyphs }))
      .filter(({ place }) => Number.isFinite(place));
    if (axis.grid) {
      this.grid(axis.grid, panel, i, ticks);
    }
    for (const { place, glyphs } of ticks) {
      const pixel = Math.floor(place + SPARE);
      this.glyphs(glyphs, axis.color, i === 0 ? pixel : 0, i === 0 ? 0 : pixel);
    }
  }

  private grid(stroke: Stroke, panel: Panel, i: 0 | 1, ticks: readonly { place: number }[]): void {
    const { context } = this;
    const [left = 0, top = 0, width = 0, height = 0] = panel.box;
    const ends = i === 0 ? [top + height, top] : [left, left + width];
    const [from = 0, to = 0] = ends.map(end => snappedPlace(end, stroke.width));
    context.save();
    clip(context, wholePixels(panel.box));
    context.beginPath();
    for (const { place } of ticks) {
      const along = snappedPlace(place, stroke.width);
      context.moveTo(...(i === 0 ? ([along, from] as const) : ([from, along] as const)));
      context.lineTo(...(i === 0 ? ([along, to] as const) : ([to, along] as const)));
    }
    this.stroke(stroke);
    context.restore();
  }

  private path(path: PathNode, frame: Frame | undefined): void {
    const { context } = this;
    const { stroke } = path;
    const fill = path.fill?.endsWith('00') ? null : path.fill; // it is transparent
    const isLine = fill === null && !path.closed;
    const isLong = isLine && path.ascending && frame !== undefined;
    let points = isLong ? inSight(path, frame) : placed(path, frame);
    if (path.snap ?? isRectilinear(points)) {
      points = snapped(points, stroke?.width ?? 0);
    }
    if (isLong && points.length > 8 * (frame.panel.box[2] ?? 0)) {
      points = extremes(points);
    }
    context.beginPath();
    if (!isLine) {
      traceOutlines(context, points);
    }
    if (fill !== null) {
      context.fillStyle = fill;
      context.fill();
    }
    if (stroke) {
      if (!path.closed) {
        context.beginPath();
        traceLine(context, points);
      }
      this.stroke(stroke);
    }
  }

  private marks(marks: MarksNode, frame: Frame | undefined): void {
    const { context } = this;
    const { shape, fill, stroke } = marks;
    const points = placed(marks, frame);
    for (let i = 0; i < points.length; i += 2) {
      // Agg draws a mark once, in the middle of a pixel, and copies it to whole pixels.
      const x = Math.floor((points[i] as number) + 0.5);
      const y = Math.floor((points[i + 1] as number) + 0.5);
      if (!(Math.abs(x) < 2 * FAR && Math.abs(y) < 2 * FAR)) {
        continue; // out of sight, or not finite
      }
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
      // Painted one by one, so that overlapping marks look as in Agg's picture.
      if (fill !== null) {
        context.fillStyle = fill;
        context.fill();
      }
      if (stroke) {
        this.stroke(stroke);
      }
    }
  }

  private image(image: ImageNode, frame: Frame | undefined): void {
    const { context } = this;
    const source = this.textures.image(image);
    const [x, y] = placings(image.coords, frame);
    const [firstX = 0, firstY = 0, lastX = 0, lastY = 0] = image.extent;
    const [left, top, right, bottom] = [x(firstX), y(firstY), x(lastX), y(lastY)];
    if (!source || !Number.isFinite(left + top + right + bottom)) {
      return;
    }
    context.imageSmoothingEnabled = image.smooth;
    context.globalAlpha = image.alpha;
    // A negative width would not mirror the image: `drawImage` never does.
    context.translate(left, top);
    context.scale(right < left ? -1 : 1, bottom < top ? -1 : 1);
    context.drawImage(source, 0, 0, Math.abs(right - left), Math.abs(bottom - top));
  }

  private text(text: Text): void {
    this.glyphs(text.glyphs, text.color, 0, 0);
  }

  private glyphs(glyphs: readonly number[], color: string, x: number, y: number): void {
    for (let i = 0; i + 2 < glyphs.length; i += 3) {
      const [id = 0, right = 0, down = 0] = glyphs.slice(i, i + 3);
      const glyph = this.scene.get(id);
      const source = glyph?.kind === 'glyph' ? this.textures.glyph(glyph, color) : undefined;
      if (source) {
        this.context.drawImage(source, x + right, y + down);
      }
    }
  }

  private stroke({ color, width, cap, join, dash }: Stroke): void {
    const { context } = this;
    if (dash) {
      const [offset = 0, ...lengths] = dash;
      context.setLineDash(lengths);
      context.lineDashOffset = offset;
    }
    context.strokeStyle = color;
    context.lineWidth = width;
    context.lineCap = cap;
    context.lineJoin = join;
    context.miterLimit = 4; // Agg's
    context.stroke();
  }
}

/** Left, top, right and bottom of a box, rounded as Agg rounds a clipping box. */
function wholePixels([left = 0, top = 0, width = 0, height = 0]: readonly number[]): [number, number, number, number] {
  const round = (place: number) => Math.floor(place + 0.5);
  return [round(left), round(top), round(left + width), round(top + height)];
}

function clip(
  context: CanvasRenderingContext2D,
  [left, top, right, bottom]: readonly [number, number, number, number],
): void {
  context.beginPath();
  context.rect(left, top, right - left, bottom - top);
  context.clip();
}

function placings(coords: PathNode['coords'], frame: Frame | undefined) {
  const [across = 'pixels', down = 'pixels'] = coords;
  return [placing(across, frame?.directions[0]), placing(down, frame?.directions[1])] as const;
}

type Placed = Pick<PathNode, 'points' | 'coords' | 'offset'>;

/** Points in pixels: all of them, or those from `begin` to before `end`. */
function placed({ points, coords, offset }: Placed, frame: Frame | undefined, begin = 0, end = points.length / 2) {
  const [x, y] = placings(coords, frame);
  const [offsetX = 0, offsetY = 0] = offset;
  const pixels: Pixels = new Float64Array(2 * Math.max(end - begin, 0));
  for (let i = 0; i < pixels.length; i += 2) {
    const from = 2 * begin + i;
    pixels[i] = x((points[from] as number) + offsetX);
    pixels[i + 1] = y((points[from + 1] as number) + offsetY);
  }
  return pixels;
}

/** The points of a line with ascending x that are within the panel, and one more on each side. */
function inSight(path: PathNode, frame: Frame): Pixels {
  const { points, coords, offset, clip } = path;
  if (!clip || coords[0] !== 'data') {
    return placed(path, frame);
  }
  const [first, last] = frame.directions[0].limits;
  const [low, high] = [Math.min(first, last), Math.max(first, last)].map(limit => limit - (offset[0] ?? 0));
  const begin = firstFrom(points, low ?? 0);
  const end = firstFrom(points, high ?? 0, true);
  return placed(path, frame, Math.max(begin - 1, 0), Math.min(end + 1, points.length / 2));
}

/** The first point whose x is at least a value; if `beyond`, larger than it. */
function firstFrom(points: PathNode['points'], value: number, beyond = false): number {
  let [low, high] = [0, points.length / 2];
  while (low < high) {
    const middle = (low + high) >> 1;
    let last = middle; // the nearest point before that is no gap
    while (last > low && Number.isNaN(points[2 * last])) {
      last -= 1;
    }
    const x = points[2 * last] as number;
    if (beyond ? x > value : x >= value) {
      high = last;
    } else {
      low = middle + 1;
    }
  }
  return low;
}
