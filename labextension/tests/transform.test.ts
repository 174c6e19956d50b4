import { expect, test } from 'vitest';
import type { Panel, Scale } from '../src/protocol';
import { Direction, directions, placing } from '../src/transform';
import fixtures from './fixtures/transforms.json';

interface Case {
  box: number[];
  x: { scale: Scale; limits: number[] };
  y: { scale: Scale; limits: number[] };
  data: [number, number][];
  pixels: [number, number][];
}

const CASES = (fixtures as Case[]).map(one => [`${JSON.stringify(one.x.scale)} ${one.x.limits}`, one] as const);

function panel({ box, x, y }: Pick<Case, 'box' | 'x' | 'y'>): Panel {
  const axis = { ticks: [], color: '#000000ff', grid: null, order: 1.5 };
  const style = { kind: 'panel', order: 0, face: null, navigate: true, equal: false } as const;
  return { ...style, box, x: { ...axis, ...x }, y: { ...axis, ...y } };
}

/** Matplotlib's own arithmetic loses digits where places are far off, or numbers large. */
const spare = (pixel: number) => Math.max(1e-3, 1e-6 * Math.abs(pixel));

test.each(CASES)('data come to the pixels where Matplotlib has them: %s', (_, one) => {
  const [across, up] = directions(panel(one));
  one.data.forEach(([x, y], i) => {
    const [right, down] = one.pixels[i] as [number, number];
    expect(Math.abs(across.pixel(x) - right)).toBeLessThan(spare(right));
    expect(Math.abs(up.pixel(y) - down)).toBeLessThan(spare(down));
  });
});

test.each(CASES)('pixels come back to the data: %s', (_, one) => {
  const [across, up] = directions(panel(one));
  for (const part of [0.001, 0.25, 0.5, 0.999]) {
    for (const direction of [across, up]) {
      const pixel = direction.begin + part * direction.length;
      expect(direction.pixel(direction.value(pixel))).toBeCloseTo(pixel, 3);
    }
  }
});

test('step 10^8 is as exact as step 1', () => {
  const direction = new Direction({ kind: 'linear' }, [1e8, 1e8 + 10], 0, 1000);
  expect(direction.pixel(1e8 + 5.125)).toBe(512.5);
});

test('what is shown is within the limits, whichever is the larger one', () => {
  for (const limits of [[1, 3] as const, [3, 1] as const]) {
    const direction = new Direction({ kind: 'linear' }, limits, 0, 100);
    expect([0.99, 1 - 1e-12, 2, 3, 3.01].map(value => direction.shows(value))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  }
});

test('a place is counted in data, in parts of the panel, or in pixels', () => {
  const [across, up] = directions(
    panel({
      box: [10, 20, 100, 50],
      x: { scale: { kind: 'linear' }, limits: [0, 1] },
      y: { scale: { kind: 'linear' }, limits: [2, 4] },
    }),
    { x: [0, 2], y: [2, 4] },
  );
  const places = (direction: Direction) =>
    (['data', 'axes', 'pixels'] as const).map(sort => placing(sort, direction)(1));
  expect(places(across)).toEqual([60, 110, 1]);
  expect(places(up)).toEqual([95, 20, 1]);
  expect(placing('data', undefined)(7)).toBe(7);
});
