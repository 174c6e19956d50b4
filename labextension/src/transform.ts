/**
 * From data to pixels and back, along one axis of a panel.
 *
 * Invariant: for linear, log and symlog scales, places are those of Matplotlib, in float64. Tests compare them with
 * places that Matplotlib has computed.
 */
import type { Axis, Coord, Panel, Scale } from './protocol';

/** Matplotlib's value for the logarithm of a number that has none. */
const LOG_OF_NOTHING = -1000;

/** Limits of both axes, which a person has set. */
export interface Limits {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

export class Direction {
  /** Whether the scale is logarithmic, so that limits must be positive. */
  readonly isLog: boolean;
  readonly #forward: (value: number) => number;
  readonly #backward: (scaled: number) => number;
  readonly #from: number;
  readonly #perPixel: number;

  /**
   * @param begin - the pixel of the first limit.
   * @param length - the pixels from there to the second limit; negative if that is further up.
   */
  constructor(
    scale: Scale,
    readonly limits: readonly [number, number],
    readonly begin: number,
    readonly length: number,
  ) {
    this.isLog = scale.kind === 'log';
    [this.#forward, this.#backward] = functions(scale);
    this.#from = this.#forward(limits[0]);
    this.#perPixel = (this.#forward(limits[1]) - this.#from) / length;
  }

  pixel(value: number): number {
    return this.begin + (this.#forward(value) - this.#from) / this.#perPixel;
  }

  value(pixel: number): number {
    return this.#backward(this.#from + (pixel - this.begin) * this.#perPixel);
  }

  /** Whether a value is within the limits, up to a rounding error. */
  shows(value: number): boolean {
    const [low, high] = [Math.min(...this.limits), Math.max(...this.limits)];
    const spare = 1e-10 * (high - low);
    return low - spare <= value && value <= high + spare;
  }
}

/** Both axes of a panel, with these limits or by default its own. */
export function directions(panel: Panel, limits?: Limits): readonly [Direction, Direction] {
  const [left = 0, top = 0, width = 0, height = 0] = panel.box;
  return [
    new Direction(panel.x.scale, limits?.x ?? limitsOf(panel.x), left, width),
    new Direction(panel.y.scale, limits?.y ?? limitsOf(panel.y), top + height, -height),
  ];
}

export function limitsOf({ limits: [first = Number.NaN, last = Number.NaN] }: Axis): [number, number] {
  return [first, last];
}

/** The function that turns a coordinate of this sort into a pixel. */
export function placing(coord: Coord, direction: Direction | undefined): (value: number) => number {
  if (coord === 'pixels' || !direction) {
    return value => value;
  }
  if (coord === 'axes') {
    return value => direction.begin + value * direction.length;
  }
  return value => direction.pixel(value);
}

/** The functions from data to numbers that are linear in pixels, and back. */
function functions(scale: Scale): [(value: number) => number, (scaled: number) => number] {
  const { kind, base = 10, linthresh = 1, linscale = 1 } = scale;
  const perLog = Math.log(base);
  switch (kind) {
    case 'linear':
      return [value => value, scaled => scaled];
    case 'log': {
      const log = logarithm(base);
      return [value => (value <= 0 ? LOG_OF_NOTHING : log(value)), scaled => base ** scaled];
    }
    case 'symlog': {
      const linear = linscale / (1 - 1 / base);
      const edge = linthresh * linear;
      return [
        value => {
          const size = Math.abs(value);
          return size <= linthresh
            ? value * linear
            : Math.sign(value) * linthresh * (linear + Math.log(size / linthresh) / perLog);
        },
        scaled => {
          const size = Math.abs(scaled);
          return size <= edge
            ? scaled / linear
            : Math.sign(scaled) * linthresh * Math.exp((size / linthresh - linear) * perLog);
        },
      ];
    }
  }
}

function logarithm(base: number): (value: number) => number {
  const perLog = Math.log(base);
  return base === 10 ? Math.log10 : base === 2 ? Math.log2 : value => Math.log(value) / perLog;
}
