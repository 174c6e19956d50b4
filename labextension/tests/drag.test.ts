import { expect, test } from 'vitest';
import { type Affine, Drags, type Motion } from '../src/drag';
import type { Box } from '../src/stream';

const BOX: Box = [100, 40, 200, 120];
const PANEL = { box: BOX, drag: [0, 2] };
const BITS = [1, 0, 2];

const at = ([scale, shift]: Affine, place: number) => scale * place + shift;
const moved = (motion: Motion | undefined, [x, y]: [number, number]) =>
  motion ? [at(motion[0], x), at(motion[1], y)] : [x, y];

/** A drag from (150, 100) that the kernel has not answered. */
function dragged(button: number, dx: number, dy: number, key?: string): Drags {
  const drags = new Drags();
  drags.press({ x: 150, y: 100, button, buttons: BITS[button] as number }, BOX);
  drags.key = key;
  drags.move({ x: 150 + dx, y: 100 + dy, buttons: BITS[button] as number }, 2);
  return drags;
}

// What Matplotlib makes of such a drag, on linear and on logarithmic axes.
test.each([
  [30, 14, undefined, [230, 74, 220.627, 69.423]],
  [30, 14, 'kx', [230, 60, 220.627, 60]],
  [30, 14, 'ky', [200, 74, 200, 69.423]],
  [30, 14, 'kControl', [230, 30, 220.627, 43.498]],
  [30, 14, 'kShift', [230, 60, 220.627, 71.682]],
  [6, -40, undefined, [206, 20, 203.576, 13.823]],
  [6, -40, 'kx', [206, 60, 203.576, 60]],
  [6, -40, 'ky', [200, 20, 200, 13.823]],
  [6, -40, 'kControl', [240, 20, 257.722, 13.823]],
  [6, -40, 'kShift', [200, 20, 200, 13.823]],
])('by (%d, %d), with %s pressed, data go where Matplotlib takes them', (dx, dy, key, expected) => {
  const places = [0, 2].flatMap(button => moved(dragged(button, dx, dy, key).motion(PANEL, 0), [200, 60]));
  for (const [i, place] of places.entries()) {
    expect(place).toBeCloseTo(expected[i] as number, 2);
  }
});

test('only an axes that the button can drag, and that was under it, moves', () => {
  const drags = dragged(2, 30, 14);
  expect(drags.motion({ box: BOX }, 0)).toBeUndefined();
  expect(drags.motion({ box: BOX, drag: [0] }, 0)).toBeUndefined();
  expect(drags.motion({ box: [100, 40, 200, 121], drag: [0, 2] }, 0)).toBeUndefined();
  expect(drags.motion(PANEL, 0)).toBeDefined();
  const beside = new Drags();
  beside.press({ x: 1, y: 1, button: 0, buttons: 1 }, undefined);
  beside.move({ x: 9, y: 9, buttons: 1 }, 2);
  expect(beside.motion(PANEL, 0)).toBeUndefined();
});

test('a frame that names the last message is not moved, nor one before that more than it lacks', () => {
  const drags = dragged(0, 30, 14);
  drags.move({ x: 190, y: 120, buttons: 1 });
  expect(drags.motion(PANEL, 2)).toEqual([
    [1, 10],
    [1, 6],
  ]);
  drags.move({ x: 190, y: 120, buttons: 1 }, 3);
  drags.release();
  expect(drags.motion(PANEL, 2)).toEqual([
    [1, 10],
    [1, 6],
  ]);
  expect(drags.motion(PANEL, 3)).toEqual([
    [1, 0],
    [1, 0],
  ]);
  drags.forget(3);
  expect(drags.motion(PANEL, 3)).toBeUndefined();
});

test('a button that went up where nobody saw it, or another one that goes down, ends the drag where it was told', () => {
  for (const end of [
    (drags: Drags) => drags.move({ x: 300, y: 100, buttons: 0 }),
    (drags: Drags) => drags.press({ x: 300, y: 100, button: 2, buttons: 3 }, BOX),
  ]) {
    const drags = dragged(0, 30, 14);
    drags.move({ x: 290, y: 100, buttons: 1 }); // not sent
    end(drags);
    drags.move({ x: 310, y: 100, buttons: 1 }, 7);
    expect(drags.buttons).toBeUndefined();
    expect(drags.motion(PANEL, 0)).toEqual([
      [1, 30],
      [1, 14],
    ]);
  }
});

/** Matplotlib at the other end: handles messages late, and knows limits, which it keeps as what they show of the page. */
class Axes {
  x: Affine = [1, 0];
  y: Affine = [1, 0];
  start = { x: this.x, y: this.y, at: [0, 0], button: 0 };
  press(at: number[], button: number) {
    this.start = { x: this.x, y: this.y, at, button };
  }
  drag(at: number[]) {
    const [left, top, width, height] = BOX;
    const along = (before: Affine, low: number, size: number, from: number, to: number, sign: number): Affine => {
      // The new limits, in pixels of the old ones, as in `_get_pan_points`.
      const alpha = this.start.button === 0 ? 1 : 10 ** ((-sign * (to - from)) / size);
      const limit = (edge: number) => (this.start.button === 0 ? edge - (to - from) : from + alpha * (edge - from));
      const [a, b] = [limit(low), limit(low + size)];
      const scale = size / (b - a);
      return [scale * before[0], scale * (before[1] - a) + low];
    };
    this.x = along(this.start.x, left, width, this.start.at[0] as number, at[0] as number, 1);
    this.y = along(this.start.y, top, height, this.start.at[1] as number, at[1] as number, -1);
  }
}

function randoms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test.each([...Array(20).keys()])(
  'whenever the kernel answers, what is painted is where the mouse took it (%d)',
  seed => {
    const random = randoms(seed + 1);
    const drags = new Drags();
    const now = new Axes(); // as if the kernel answered at once
    const kernel = new Axes();
    const waiting: { number: number; handle: () => void }[] = [];
    let [number, handled] = [0, 0];
    let place = [200, 100];
    const tell = (handle: (axes: Axes) => void) => {
      number += 1;
      waiting.push({ number, handle: () => handle(kernel) });
    };
    let held: number | undefined;
    for (let i = 0; i < 400; i++) {
      const mouse = { x: place[0] as number, y: place[1] as number };
      const what = random();
      if (what < 0.4) {
        place = [100 + 200 * random(), 40 + 120 * random()];
        const [x, y] = place as [number, number];
        if (held !== undefined) {
          now.drag(place);
        }
        drags.move({ x, y, buttons: held === undefined ? 0 : (BITS[held] as number) });
      } else if (what < 0.6 && held !== undefined) {
        const at = place; // ipympl tells of some moves
        tell(axes => axes.drag(at));
        drags.move({ ...mouse, buttons: BITS[held] as number }, number);
      } else if (what < 0.7) {
        const at = place;
        if (held === undefined) {
          held = random() < 0.5 ? 0 : 2;
          const button = held;
          now.press(at, button);
          tell(axes => axes.press(at, button));
          drags.press({ ...mouse, button, buttons: BITS[button] as number }, BOX);
        } else {
          tell(axes => axes.drag(at));
          drags.move({ ...mouse, buttons: BITS[held] as number }, number);
          number += 1;
          drags.release();
          held = undefined;
        }
      } else if (what < 0.85) {
        for (const { number: one, handle } of waiting.splice(0, Math.floor(4 * random()))) {
          handle();
          handled = one;
        }
      } else {
        drags.forget(handled);
      }
      const motion = drags.motion(PANEL, handled);
      const frame: [number, number] = [at(kernel.x, 170), at(kernel.y, 90)];
      const [x, y] = moved(motion, frame) as [number, number];
      expect(x / at(now.x, 170)).toBeCloseTo(1, 6);
      expect(y / at(now.y, 90)).toBeCloseTo(1, 6);
    }
  },
);
