/**
 * Lines and outlines in pixels: snapped as by Agg, and reduced to the points that can be seen.
 *
 * Invariant: leaving out points changes no visible pixel, except for the smoothing at the edges of a column of pixels.
 *
 * Points are x and y in turn. A point that is not finite is a gap.
 */

export type Pixels = Float64Array<ArrayBuffer>;

const FAR = 1e4; // pixels; browsers are imprecise at larger distances from the picture
const MOST_SNAPPED = 1024; // points; Agg never snaps a longer path

/** Whether Agg snaps these lines: all are vertical or horizontal, and there are not too many. */
export function isRectilinear(points: Pixels): boolean {
  if (points.length > 2 * MOST_SNAPPED) {
    return false;
  }
  for (let i = 2; i < points.length; i += 2) {
    const dx = Math.abs(at(points, i) - at(points, i - 2));
    const dy = Math.abs(at(points, i + 1) - at(points, i - 1));
    if (dx >= 1e-4 && dy >= 1e-4) {
      return false;
    }
  }
  return true;
}

/** The nearest place at which a line of this width fills whole pixels. */
export function snappedPlace(place: number, width: number): number {
  return Math.floor(place + 0.5) + (Math.round(width) % 2 ? 0.5 : 0);
}

export function snapped(points: Pixels, width: number): Pixels {
  return points.map(place => snappedPlace(place, width));
}

/**
 * Reduce a line whose x only rises or only falls to the first, lowest, highest and last point of each column of pixels.
 */
export function extremes(points: Pixels): Pixels {
  const kept = new Float64Array(points.length);
  let length = 0;
  const keep = (i: number) => {
    kept[length] = at(points, i);
    kept[length + 1] = at(points, i + 1);
    length += 2;
  };
  let column = Number.NaN;
  let [first, low, high, last] = [-1, -1, -1, -1];
  const finish = () => {
    let before = -1;
    for (const i of low < high ? [first, low, high, last] : [first, high, low, last]) {
      if (i !== before && i >= 0) {
        keep(i);
      }
      before = i;
    }
    first = low = high = last = -1;
  };
  for (let i = 0; i < points.length; i += 2) {
    const y = at(points, i + 1);
    const next = Math.floor(at(points, i));
    if (next !== column || !Number.isFinite(y) || first < 0) {
      finish();
      column = next;
      if (!Number.isFinite(next + y)) {
        keep(i);
        continue;
      }
      first = low = high = i;
    }
    low = y > at(points, low + 1) ? i : low; // y counts downwards
    high = y < at(points, high + 1) ? i : high;
    last = i;
  }
  finish();
  return kept.subarray(0, length);
}

/** Add a line to the canvas' path, without its parts that are far from the picture. */
export function traceLine(context: CanvasRenderingContext2D, points: Pixels): void {
  let [x0, y0] = [Number.NaN, Number.NaN];
  let begun = false; // whether the path ends at (x0, y0)
  for (let i = 0; i < points.length; i += 2) {
    const x1 = at(points, i);
    const y1 = at(points, i + 1);
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

/** Add closed outlines to the canvas' path. Parts that are far from the picture are replaced by lines nearer to it. */
export function traceOutlines(context: CanvasRenderingContext2D, points: Pixels): void {
  let outline: number[] = [];
  for (let i = 0; i <= points.length; i += 2) {
    const x = at(points, i);
    const y = at(points, i + 1);
    if (Number.isFinite(x + y)) {
      outline.push(x, y);
      continue;
    }
    const near = nearOutline(outline);
    for (let j = 0; j < near.length; j += 2) {
      context[j === 0 ? 'moveTo' : 'lineTo'](near[j] as number, near[j + 1] as number);
    }
    if (near.length > 0) {
      context.closePath();
    }
    outline = [];
  }
}

/** The part of a line that is not far from the picture; null if there is none, or if an end is not finite. */
export function clipped(x0: number, y0: number, x1: number, y1: number): [number, number, number, number] | null {
  if (!Number.isFinite(x0 + y0 + x1 + y1)) {
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

/** The part of an area that is not far from the picture, by the algorithm of Sutherland and Hodgman. */
function nearOutline(outline: number[]): number[] {
  if (outline.every(place => -FAR <= place && place <= 2 * FAR)) {
    return outline;
  }
  let near = outline;
  for (const axis of [0, 1]) {
    for (const [edge, sign] of [
      [-FAR, 1],
      [2 * FAR, -1],
    ] as const) {
      near = cut(near, axis, edge, sign);
    }
  }
  return near;
}

function cut(outline: number[], axis: number, edge: number, sign: number): number[] {
  const kept: number[] = [];
  const n = outline.length;
  for (let i = 0; i < n; i += 2) {
    const before = (i + n - 2) % n;
    const [from, to] = [outline[before + axis] as number, outline[i + axis] as number];
    const [wasIn, isIn] = [sign * (from - edge) >= 0, sign * (to - edge) >= 0];
    if (wasIn !== isIn) {
      const part = (edge - from) / (to - from);
      const other = 1 - axis;
      const [a, b] = [outline[before + other] as number, outline[i + other] as number];
      const place = a + part * (b - a);
      kept.push(...(axis === 0 ? [edge, place] : [place, edge]));
    }
    if (isIn) {
      kept.push(outline[i] as number, outline[i + 1] as number);
    }
  }
  return kept;
}

function at(points: Pixels, i: number): number {
  return points[i] ?? Number.NaN;
}
