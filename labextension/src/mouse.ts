/**
 * Pan and zoom by the mouse, at once and in the browser.
 *
 * Invariant: a panel that a person has moved keeps the page's own limits until the kernel has handled the last message
 * about them. Then the panel has the kernel's limits again.
 *
 * The tools are Matplotlib's. Pan: the left button moves the data; the right one stretches them about the place where
 * it was pressed. Zoom: with the left button a person draws a frame that is to fill the panel; with the right button,
 * one that the panel is to shrink into. The keys x and y limit both tools to one direction. Control makes a pan equal
 * in both directions, Shift limits it to eight directions. While a tool is on, the wheel zooms about the pointer. All
 * of this is computed in pixels, where every scale is linear.
 *
 * Places are pixels of the figure, from its upper left corner.
 */
import type { Panel, ViewMessage } from './protocol';
import { type Direction, directions, type Limits } from './transform';

export type Tool = 'pan' | 'zoom';
export type Constraint = 'x' | 'y' | 'control' | 'shift';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The place of the mouse, the pressed buttons (as in `MouseEvent.buttons`), and the key that constrains a drag. */
export interface Move extends Point {
  readonly buttons: number;
  readonly key?: Constraint | undefined;
}

/** The figure that the mouse acts on. */
export interface Surface {
  /** The panels with their ids, from the lowest to the highest. */
  panels(): readonly (readonly [id: number, panel: Panel])[];
  tool(): Tool | undefined;
  /** Called when the figure must be painted again. */
  changed(): void;
  /** Send a message to the kernel. */
  tell(view: Omit<ViewMessage, 'type' | 'client'>): void;
}

/** Left, top, right and bottom. */
export type Rectangle = readonly [number, number, number, number];

interface Own extends Limits {
  /** The number of the last message with limits of this panel. */
  readonly number: number;
  /** Whether the kernel has not been sent these limits yet. */
  readonly untold: boolean;
}

/** A panel that is dragged, as it was when the drag began. */
interface Held {
  readonly id: number;
  readonly panel: Panel;
  readonly directions: readonly [Direction, Direction];
}

interface Drag {
  readonly tool: Tool;
  readonly button: number;
  readonly start: Point;
  readonly held: readonly Held[];
  key: Constraint | undefined;
}

/** For each button, its bit in `MouseEvent.buttons`. */
const BITS: Record<number, number> = { 0: 1, 2: 2 };
const TELL_INTERVAL = 50; // ms; 20 messages a second
const WHEEL_REST = 200; // ms without a turn, after which the zoom by the wheel has ended
const SMALLEST = 5; // pixels: a smaller frame counts as a click
const FURTHEST = 6; // the most powers of ten by which one drag stretches
const NARROWEST = 1e-12; // the least distance of limits, as a part of the larger one: rounding would make them equal

export class Mouse {
  readonly #surface: Surface;
  readonly #own = new Map<number, Own>();
  #drag: Drag | undefined;
  #frame: Rectangle | undefined;
  #number = 0;
  #timer: ReturnType<typeof setTimeout> | undefined; // until the next message to the kernel
  #wheel: ReturnType<typeof setTimeout> | undefined; // until the wheel is at rest
  readonly #turned = new Set<number>(); // the panels that the wheel zooms, until it is at rest

  constructor(surface: Surface) {
    this.#surface = surface;
  }

  get dragging(): boolean {
    return this.#drag !== undefined;
  }

  /** By the ids of panels: the page's own limits. */
  get limits(): ReadonlyMap<number, Limits> {
    return this.#own;
  }

  /** The frame that is drawn with the zoom tool. */
  get frame(): Rectangle | undefined {
    return this.#frame;
  }

  /** Handle a press of a button; return whether a tool of this page takes it, so that the kernel is not told. */
  press({ x, y, button }: Point & { readonly button: number }): boolean {
    if (this.#drag) {
      this.escape(); // as Matplotlib does when another button goes down
      return true;
    }
    const tool = this.#surface.tool();
    const held = this.#at({ x, y });
    if (!tool || !(button in BITS) || held.length === 0) {
      return false;
    }
    this.#rest();
    this.#drag = { tool, button, start: { x, y }, held, key: undefined };
    return true;
  }

  move({ x, y, buttons, key }: Move): void {
    const drag = this.#drag;
    if (!drag) {
      return;
    }
    if (buttons !== BITS[drag.button]) {
      this.escape(); // the button was released elsewhere
      return;
    }
    drag.key = key;
    if (drag.tool === 'zoom') {
      this.#frame = framed(drag, { x, y });
      this.#surface.changed();
      return;
    }
    this.#set(drag.held, held => panned(drag, held, { x, y }));
    this.#tellSoon();
  }

  /** Handle the release of the button. */
  release({ x, y }: Point): void {
    const drag = this.#drag;
    if (!drag) {
      return;
    }
    const [width, height] = [Math.abs(x - drag.start.x), Math.abs(y - drag.start.y)];
    if (drag.tool === 'pan' && width + height > 0) {
      this.#set(drag.held, held => panned(drag, held, { x, y }));
    } else if (
      drag.tool === 'zoom' &&
      (width >= SMALLEST || drag.key === 'y') &&
      (height >= SMALLEST || drag.key === 'x')
    ) {
      const frame = framed(drag, { x, y });
      this.#set(drag.held, held => zoomed(drag, frame, held));
    }
    this.#end();
  }

  /** End a drag before the button is released: a pan keeps its limits, a frame is dropped. Return if there was one. */
  escape(): boolean {
    const had = this.dragging;
    this.#end();
    return had;
  }

  /** Handle a turn of the wheel by this number of pixels; return whether it zooms a panel. */
  wheel({ x, y, pixels, key }: Point & { readonly pixels: number; readonly key?: Constraint | undefined }): boolean {
    const held = this.#surface.tool() && !this.#drag ? this.#at({ x, y }) : [];
    const factor = 10 ** Math.min(Math.max(pixels / 1000, -1), 1);
    if (held.length === 0) {
      return false;
    }
    this.#set(held, ({ panel, directions: [across, up] }) => ({
      x: between(across, stretched(across, x, panel.equal || key !== 'y' ? factor : 1)),
      y: between(up, stretched(up, y, panel.equal || key !== 'x' ? factor : 1)),
    }));
    this.#tellSoon();
    for (const { id } of held) {
      this.#turned.add(id);
    }
    clearTimeout(this.#wheel);
    this.#wheel = setTimeout(() => this.#rest(), WHEEL_REST);
    return true;
  }

  /** Note that the kernel's limits take into account our messages up to this number. */
  handled(number: number): void {
    const panels = new Set(this.#surface.panels().map(([id]) => id));
    const held = new Set([...this.#turned, ...(this.#drag?.held.map(({ id }) => id) ?? [])]);
    for (const [id, own] of this.#own) {
      const answered = own.number <= number && !own.untold && !held.has(id);
      if (answered || !panels.has(id)) {
        this.#own.delete(id);
      }
    }
    if (this.#drag?.held.some(({ id }) => !panels.has(id))) {
      this.escape();
    }
  }

  /** Return the panels at a place that a person may pan and zoom. */
  #at({ x, y }: Point): Held[] {
    const under = this.#surface.panels().filter(([, panel]) => panel.navigate && isIn(panel.box, { x, y }));
    return under.map(([id, panel]) => ({ id, panel, directions: directions(panel, this.#own.get(id)) }));
  }

  #set(panels: readonly Held[], limits: (held: Held) => Limits): void {
    for (const held of panels) {
      const number = this.#own.get(held.id)?.number ?? this.#number;
      this.#own.set(held.id, { ...limits(held), number, untold: true });
    }
    this.#surface.changed();
  }

  /** Send new limits to the kernel: at once, or when the interval has passed. */
  #tellSoon(): void {
    if (this.#timer === undefined && [...this.#own.values()].some(({ untold }) => untold)) {
      this.#tell(false, this.#own.keys());
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#tellSoon();
      }, TELL_INTERVAL);
    }
  }

  /** Send the limits of these panels that the kernel does not know. If done, send all, as the last ones of a drag. */
  #tell(done: boolean, ids: Iterable<number>): void {
    for (const id of ids) {
      const own = this.#own.get(id);
      if (own && (own.untold || done)) {
        this.#number += 1;
        this.#own.set(id, { ...own, number: this.#number, untold: false });
        this.#surface.tell({ number: this.#number, panel: id, x: [...own.x], y: [...own.y], done });
      }
    }
  }

  #end(): void {
    const { held } = this.#drag ?? { held: [] };
    const framed = this.#frame;
    this.#drag = this.#frame = undefined;
    this.#tell(
      true,
      held.map(({ id }) => id),
    );
    if (framed) {
      this.#surface.changed();
    }
  }

  /** End the zoom by the wheel. */
  #rest(): void {
    clearTimeout(this.#wheel);
    const turned = [...this.#turned];
    this.#turned.clear();
    this.#tell(true, turned);
  }
}

function isIn([left = 0, top = 0, width = 0, height = 0]: readonly number[], { x, y }: Point): boolean {
  return left <= x && x < left + width && top <= y && y < top + height;
}

/** The limits during a pan, as by `drag_pan` of Matplotlib's axes. */
function panned({ button, start, key }: Drag, { panel, directions: [across, up] }: Held, { x, y }: Point): Limits {
  const [right, down] = [x - start.x, y - start.y];
  if (button === 0) {
    const [dx, dy] = constrained(key, right, -down);
    return {
      x: between(across, [across.begin - dx, across.begin + across.length - dx]),
      y: between(up, [up.begin + dy, up.begin + up.length + dy]),
    };
  }
  let [dx, dy] = constrained(key, -right / Math.abs(across.length), down / Math.abs(up.length));
  if (panel.equal) {
    dx = dy = 0.5 * (dx + dy);
  }
  const power = (by: number) => 10 ** Math.min(Math.max(by, -FURTHEST), FURTHEST);
  return {
    x: between(across, stretched(across, start.x, power(dx))),
    y: between(up, stretched(up, start.y, power(dy))),
  };
}

function constrained(key: Constraint | undefined, dx: number, dy: number): [number, number] {
  const [wide, tall] = [Math.abs(dx), Math.abs(dy)];
  switch (key) {
    case 'x':
      return [dx, 0];
    case 'y':
      return [0, dy];
    case 'control':
      return wide > tall ? [dx, dx] : [dy, dy];
    case 'shift':
      if (2 * wide < tall) {
        return [0, dy];
      }
      if (2 * tall < wide) {
        return [dx, 0];
      }
      return wide > tall ? [dx, Math.sign(dy) * wide] : [Math.sign(dx) * tall, dy];
    default:
      return [dx, dy];
  }
}

/** The frame of the zoom tool. It is within the first panel, and as large as the panel in a direction that stays. */
function framed({ start, held, key }: Drag, { x, y }: Point): Rectangle {
  const [left = 0, top = 0, width = 0, height = 0] = held[0]?.panel.box ?? [];
  const ends = (begin: number, size: number, one: number, other: number) =>
    [Math.min(one, other), Math.max(one, other)].map(at => Math.min(Math.max(at, begin), begin + size));
  const [x0 = 0, x1 = 0] = key === 'y' ? [left, left + width] : ends(left, width, start.x, x);
  const [y0 = 0, y1 = 0] = key === 'x' ? [top, top + height] : ends(top, height, start.y, y);
  return [x0, y0, x1, y1];
}

/** The limits with which the frame fills the panel; or with the right button, those that shrink the panel into it. */
function zoomed({ button, key }: Drag, [x0, y0, x1, y1]: Rectangle, { panel, directions }: Held): Limits {
  const [across, up] = directions;
  let wide = (x1 - x0) / Math.abs(across.length);
  let tall = (y1 - y0) / Math.abs(up.length);
  if (panel.equal) {
    wide = tall = key === 'x' ? wide : key === 'y' ? tall : Math.max(wide, tall);
  }
  const zoom = (direction: Direction, middle: number, part: number) => {
    const half = (part * direction.length) / 2;
    const [begin, end] = [direction.begin, direction.begin + direction.length];
    if (part === 1) {
      return direction.limits;
    }
    return button === 0
      ? between(direction, [middle - half, middle + half])
      : between(direction, [begin - (middle - half - begin) / part, end + (end - middle - half) / part]);
  };
  return { x: zoom(across, (x0 + x1) / 2, wide), y: zoom(up, (y0 + y1) / 2, tall) };
}

/** The ends of an axis in pixels, stretched about a place. */
function stretched({ begin, length }: Direction, about: number, factor: number): [number, number] {
  return factor === 1
    ? [begin, begin + length]
    : [about + factor * (begin - about), about + factor * (begin + length - about)];
}

/** The limits at two pixels; the present ones if nothing has moved, or if the new ones could not be used. */
function between(direction: Direction, [begin, end]: readonly [number, number]): readonly [number, number] {
  if (begin === direction.begin && end === direction.begin + direction.length) {
    return direction.limits;
  }
  const [first, last] = [direction.value(begin), direction.value(end)];
  const largest = Math.max(Math.abs(first), Math.abs(last));
  const isUsable = Number.isFinite(largest) && Math.abs(last - first) > NARROWEST * largest;
  const isPositive = first > 0 && last > 0;
  return isUsable && (isPositive || !direction.isLog) ? [first, last] : direction.limits;
}
