import { expect, test, vi } from 'vitest';
import type { Motion } from '../src/drag';
import { clipped, decodeStream, isRectilinear, paintStream, snapped } from '../src/stream';

/** A canvas' context that writes down what is done with it. */
function recorder() {
  const did: string[] = [];
  const context = new Proxy({} as Record<string, unknown>, {
    get: (target, name: string) =>
      target[name] ?? ((...given: unknown[]) => did.push(`${name} ${given.map(String)}`.trim())),
    set: (target, name: string, value) => {
      target[name] = value;
      did.push(`${name} = ${value}`);
      return true;
    },
  });
  return { did, context: context as unknown as CanvasRenderingContext2D };
}

const NONE = () => {
  throw new Error('no texture was to be made');
};

/** A frame of one panel, and the bytes of its items. */
function frame(items: Record<string, unknown>[], data: ArrayBuffer) {
  return { base: 1, size: [40, 20], panels: [{ box: [1, 2, 30, 10], items }], data };
}

function paint(item: Record<string, unknown>, points: number[], width = 40, height = 20): string[] {
  const data = new Float32Array(points).buffer;
  const sent = frame([{ clip: false, at: 0, points: points.length / 2, ...item }], data);
  const { did, context } = recorder();
  paintStream(context, decodeStream(sent, data, NONE), width, height);
  return did;
}

const LINE = {
  kind: 'path',
  closed: false,
  snap: false,
  stroke: '#0072b2ff',
  width: 1.5,
  cap: 'square',
  join: 'round',
};

test('a line is drawn with the style it was sent with', () => {
  expect(paint({ ...LINE, dash: [1, 4, 2] }, [1, 2, 3, 5, 6, 4])).toEqual([
    ...['save', 'scale 1,1', 'save', 'beginPath'],
    ...['moveTo 1,2', 'lineTo 3,5', 'lineTo 6,4'],
    ...['setLineDash 4,2', 'lineDashOffset = 1'],
    ...['strokeStyle = #0072b2ff', 'lineWidth = 1.5', 'lineCap = square', 'lineJoin = round', 'stroke'],
    ...['restore', 'restore'],
  ]);
});

test('where a point is not a number there is a gap', () => {
  const drawn = paint(LINE, [1, 1, 2, 2, Number.NaN, 3, 4, 4, 5, 5, 6, Number.NaN, 7, 7]);
  expect(drawn.filter(call => /To/.test(call))).toEqual(['moveTo 1,1', 'lineTo 2,2', 'moveTo 4,4', 'lineTo 5,5']);
});

test('only what is to be clipped is clipped, to its axes', () => {
  expect(paint({ ...LINE, clip: true }, [1, 1, 2, 2])).toContain('rect 1,2,30,10');
  expect(paint(LINE, [1, 1, 2, 2]).join()).not.toContain('clip');
});

/** A list whose panel has been dragged by so much. */
function paintMoved(item: Record<string, unknown>, points: number[], motion: Motion): string[] {
  const data = new Float32Array(points).buffer;
  const sent = frame([{ clip: false, at: 0, points: points.length / 2, ...item }], data);
  const { did, context } = recorder();
  paintStream(context, decodeStream(sent, data, NONE), 40, 20, panel => (panel.box[0] === 1 ? motion : undefined));
  return did;
}

const MOTION: Motion = [
  [2, 3],
  [1, -4],
];

test('what has been dragged moves along the axes that it follows, within the panel, and keeps its width', () => {
  const places = (calls: string[]) => calls.filter(call => /To|rect|lineWidth/.test(call));
  const move = (follows: string | undefined, clip = false) =>
    places(paintMoved({ ...LINE, clip, follows }, [1, 6, 2, 7], MOTION));
  expect(move('xy', true)).toEqual(['rect 1,2,30,10', 'moveTo 5,2', 'lineTo 7,3', 'lineWidth = 1.5']);
  expect(move('x')).toEqual(['rect 1,0,30,20', 'moveTo 5,6', 'lineTo 7,7', 'lineWidth = 1.5']);
  expect(move('y')).toEqual(['rect 0,2,40,10', 'moveTo 1,2', 'lineTo 2,3', 'lineWidth = 1.5']);
  expect(move('')).toEqual(['moveTo 1,6', 'lineTo 2,7', 'lineWidth = 1.5']);
  expect(move(undefined)).toEqual(['moveTo 1,6', 'lineTo 2,7', 'lineWidth = 1.5']);
});

test('a picture is dragged and stretched as a whole', () => {
  const image = { kind: 'image', clip: true, box: [1, 2, 6, 4], alpha: 1, texture: 7, size: [1, 1], follows: 'xy' };
  const data = new ArrayBuffer(4);
  const make = () => 'texture' as unknown as CanvasImageSource;
  const { did, context } = recorder();
  paintStream(context, decodeStream(frame([{ ...image, at: 0 }], data), data, make), 40, 20, () => MOTION);
  expect(did).toContain('drawImage texture,5,-2,12,4');
});

test('a text is dragged about its middle, and not stretched', () => {
  const label = { kind: 'image', clip: false, box: [10, 2, 6, 4], alpha: 1, texture: 7, size: [1, 1], rigid: true };
  const data = new ArrayBuffer(4);
  const make = () => 'texture' as unknown as CanvasImageSource;
  const { did, context } = recorder();
  const sent = frame([{ ...label, at: 0, follows: 'x' }], data);
  paintStream(context, decodeStream(sent, data, make), 40, 20, () => MOTION);
  expect(did).toContain('drawImage texture,26,2,6,4'); // its middle goes from 13 to 2 * 13 + 3
});

test('on a canvas of another size, all of it is stretched', () => {
  expect(paint(LINE, [1, 1, 2, 2], 80, 30)).toContain('scale 2,1.5');
});

test('bars are closed, filled, and snapped to where their edges fill whole pixels', () => {
  const bars = { kind: 'path', closed: true, snap: null, stroke: '#000000ff', width: 1.2, fill: '#ff0000ff' };
  const drawn = paint(bars, [1.2, 9, 1.2, 3.4, 4.6, 3.4, 4.6, 9, Number.NaN, Number.NaN, 7, 1, 7, 2, 8, 2]);
  expect(drawn.filter(call => /To|Path/.test(call))).toEqual([
    ...['beginPath', 'moveTo 1.5,9.5', 'lineTo 1.5,3.5', 'lineTo 5.5,3.5', 'lineTo 5.5,9.5', 'closePath'],
    ...['moveTo 7.5,1.5', 'lineTo 7.5,2.5', 'lineTo 8.5,2.5', 'closePath'],
  ]);
  expect(drawn.indexOf('fill')).toBeLessThan(drawn.indexOf('stroke'));
});

test('marks lie on whole pixels', () => {
  const circle = paint({ kind: 'marks', shape: 2.5, fill: '#ff0000ff' }, [3.4, 7.6]);
  expect(circle).toContain(`arc 3.5,8.5,2.5,0,${2 * Math.PI}`);
  expect(circle).not.toContain('stroke');
  const cross = paint(
    {
      kind: 'marks',
      shape: [
        [-1, -1, 1, 1],
        [-1, 1, 1, -1],
      ],
      stroke: '#ff0000ff',
      width: 1,
    },
    [3, 7],
  );
  expect(cross.filter(call => /To/.test(call))).toEqual(['moveTo 2,6', 'lineTo 4,8', 'moveTo 2,8', 'lineTo 4,6']);
});

test('an image is painted pixel for pixel; one that has come before is not sent again', () => {
  const make = vi.fn((rgba: Uint8ClampedArray) => `texture of ${rgba.length}` as unknown as CanvasImageSource);
  const image = { kind: 'image', clip: true, box: [1, 2, 6, 4], alpha: 0.5, texture: 7, size: [3, 2] };
  const data = new ArrayBuffer(4 + 24);
  const first = decodeStream(frame([{ ...image, at: 4 }], data), data, make);
  const second = decodeStream(frame([image], data), data, make, first);
  expect(make).toHaveBeenCalledOnce();
  const { did, context } = recorder();
  paintStream(context, second, 40, 20);
  expect(did).toEqual(
    expect.arrayContaining(['imageSmoothingEnabled = false', 'globalAlpha = 0.5', 'drawImage texture of 24,1,2,6,4']),
  );
  expect(() => decodeStream(frame([image], data), data, make)).toThrow('texture 7');
});

test('a frame with too few bytes is refused whole', () => {
  const data = new ArrayBuffer(8);
  expect(() => decodeStream(frame([{ ...LINE, at: 0, points: 2 }], data), data, NONE)).toThrow(RangeError);
});

test('only upright and level lines, and not too many, are snapped unasked', () => {
  expect(isRectilinear(new Float32Array([0, 0, 0, 5, 5, 5]))).toBe(true);
  expect(isRectilinear(new Float32Array([0, 0, 1, 5]))).toBe(false);
  expect(isRectilinear(new Float32Array(2 * 1025))).toBe(false);
  expect([...snapped(new Float32Array([1.4, 1.6]), 2)]).toEqual([1, 2]);
  expect([...snapped(new Float32Array([1.4, 1.6]), 3)]).toEqual([1.5, 2.5]);
});

test('of a line that reaches far out, what is near is drawn, in the same direction', () => {
  expect(clipped(0, 0, 5, 5)).toEqual([0, 0, 5, 5]);
  expect(clipped(0, 0, 1e9, 2e9)?.map(Math.round)).toEqual([0, 0, 1e4, 2e4]);
  expect(clipped(-1e9, 5, 1e9, 5)?.map(Math.round)).toEqual([-1e4, 5, 2e4, 5]);
  expect(clipped(0, 1e6, 5, 1e6)).toBeNull();
  expect(clipped(Number.NaN, 0, 1, 1)).toBeNull();
});

test('a frame that only says what has grown goes on from the one before', () => {
  const data = new Float32Array([1, 1, 2, 2, 5, 5]).buffer;
  const items = [
    { ...LINE, clip: true, at: 0, points: 2 },
    { ...LINE, clip: true, at: 16, points: 1 },
  ];
  const before = decodeStream(frame(items, data), data, NONE);
  const added = new Float32Array([3, 3, 4, 4, 6, 6]).buffer;
  const growth = [
    [0, 0, 2],
    [0, 1, 1],
  ];
  const after = decodeStream({ base: 1, growth }, added, NONE, before);
  const points = (stream: typeof after) =>
    stream.panels[0]?.items.map(item => item.kind === 'path' && Array.from(item.points));
  expect(points(after)).toEqual([
    [1, 1, 2, 2, 3, 3, 4, 4],
    [5, 5, 6, 6],
  ]);
  expect(points(before)).toEqual([
    [1, 1, 2, 2],
    [5, 5],
  ]);
  expect(after.panels[0]?.box).toEqual([1, 2, 30, 10]);
});

test.each([
  ['no frame before it', undefined, 1, [[0, 0, 1]]],
  ['one over another base', 1, 2, [[0, 0, 1]]],
  ['a panel that is not there', 1, 1, [[1, 0, 1]]],
  ['an item that is not there', 1, 1, [[0, 1, 1]]],
  ['more points than came', 1, 1, [[0, 0, 9]]],
])('growth of %s is an error', (_, former, base, growth) => {
  const data = new Float32Array([1, 1, 2, 2]).buffer;
  const items = [{ ...LINE, clip: true, at: 0, points: 2 }];
  const before = former === undefined ? undefined : decodeStream(frame(items, data), data, NONE);
  expect(() => decodeStream({ base, growth }, data, NONE, before)).toThrow();
});
