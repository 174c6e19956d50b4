import { expect, test } from 'vitest';
import { clipped, extremes, isRectilinear, type Pixels, snapped, traceLine, traceOutlines } from '../src/paths';
import { recorder } from './scenes';

const pixels = (...values: number[]): Pixels => new Float64Array(values);

function traced(trace: typeof traceLine, ...values: number[]): string[] {
  const { did, context } = recorder();
  trace(context, pixels(...values));
  return did;
}

test('only upright and level lines, and not too many, are snapped unasked', () => {
  expect(isRectilinear(pixels(0, 0, 0, 5, 5, 5))).toBe(true);
  expect(isRectilinear(pixels(0, 0, 0, 5, Number.NaN, Number.NaN, 7, 9, 7, 8))).toBe(true);
  expect(isRectilinear(pixels(0, 0, 1, 5))).toBe(false);
  expect(isRectilinear(new Float64Array(2 * 1025))).toBe(false);
});

test('a line is snapped to where its width fills whole pixels', () => {
  expect([...snapped(pixels(1.4, 1.6), 2)]).toEqual([1, 2]);
  expect([...snapped(pixels(1.4, 1.6), 3)]).toEqual([1.5, 2.5]);
  expect([...snapped(pixels(1.4, 1.6), 0)]).toEqual([1, 2]);
});

test('of a line that reaches far out, what is near is drawn, in the same direction', () => {
  expect(clipped(0, 0, 5, 5)).toEqual([0, 0, 5, 5]);
  expect(clipped(0, 0, 1e9, 2e9)?.map(Math.round)).toEqual([0, 0, 1e4, 2e4]);
  expect(clipped(-1e9, 5, 1e9, 5)?.map(Math.round)).toEqual([-1e4, 5, 2e4, 5]);
  expect(clipped(0, 1e6, 5, 1e6)).toBeNull();
  expect(clipped(Number.NaN, 0, 1, 1)).toBeNull();
  expect(clipped(0, 0, 1, Number.POSITIVE_INFINITY)).toBeNull();
});

test('where a point is not a number there is a gap', () => {
  expect(traced(traceLine, 1, 1, 2, 2, Number.NaN, 3, 4, 4, 5, 5, 6, Number.NaN, 7, 7)).toEqual([
    ...['moveTo 1,1', 'lineTo 2,2', 'moveTo 4,4', 'lineTo 5,5'],
  ]);
});

test('a line that comes back from far out begins anew', () => {
  expect(traced(traceLine, 0, 0, 0, 1e6, 8, 1e6, 8, 0)).toEqual([
    ...['moveTo 0,0', 'lineTo 0,20000', 'moveTo 8,20000', 'lineTo 8,0'],
  ]);
});

test('outlines are closed, each for itself', () => {
  expect(traced(traceOutlines, 1, 1, 2, 1, 2, 2, Number.NaN, 0, 5, 5, 6, 5, 6, 6)).toEqual([
    ...['moveTo 1,1', 'lineTo 2,1', 'lineTo 2,2', 'closePath'],
    ...['moveTo 5,5', 'lineTo 6,5', 'lineTo 6,6', 'closePath'],
  ]);
});

test('an area that reaches far out keeps its slopes', () => {
  const drawn = traced(traceOutlines, 0, 0, 1e6, 1e6, 0, 1e6);
  expect(drawn).toHaveLength(5);
  expect(drawn).toEqual(expect.arrayContaining([expect.stringContaining(' 20000,20000'), 'closePath']));
  expect(drawn.join()).toMatch(/0,20000/);
  expect(traced(traceOutlines, 1e6, 0, 1e7, 0, 1e7, 9)).toEqual([]);
});

test('of each column of pixels the first, lowest, highest and last point are kept, in their order', () => {
  const column = [5.1, 3, 5.2, 9, 5.3, 4, 5.4, 1, 5.5, 2, 5.6, 5];
  expect([...extremes(pixels(0, 0, ...column, 6, 7))]).toEqual([0, 0, 5.1, 3, 5.2, 9, 5.4, 1, 5.6, 5, 6, 7]);
  expect([...extremes(pixels(5.1, 1, 5.2, 2))]).toEqual([5.1, 1, 5.2, 2]);
  expect([...extremes(pixels(5.1, 1))]).toEqual([5.1, 1]);
  expect([...extremes(pixels())]).toEqual([]);
});

test('a gap within a column stays one', () => {
  const kept = extremes(pixels(5.1, 1, 5.2, 2, 5.3, 3, 5.4, Number.NaN, 5.5, 4, 5.6, 5, 5.7, 6));
  expect([...kept]).toEqual([5.1, 1, 5.3, 3, 5.4, Number.NaN, 5.5, 4, 5.7, 6]);
});

test('a line that goes to the left is thinned as one to the right', () => {
  expect([...extremes(pixels(5.6, 1, 5.5, 9, 5.4, 3, 5.3, 2, 5.2, 4, 4.9, 1))]).toEqual([
    ...[5.6, 1, 5.5, 9, 5.2, 4, 4.9, 1],
  ]);
});
