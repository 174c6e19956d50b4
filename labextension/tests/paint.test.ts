import { expect, test } from 'vitest';
import { paintScene } from '../src/paint';
import type { Axis } from '../src/protocol';
import { Textures } from '../src/textures';
import type { Limits } from '../src/transform';
import { bytes, IMAGE, MARKS, PATH, panel, points, recorder, STROKE, sceneOf, TEXT } from './scenes';

type Properties = Record<string, unknown>;

interface Options {
  size?: [number, number];
  limits?: Limits;
  of?: Properties;
}

/** What is done to paint nodes into a panel: the first has id 2. */
function paint(nodes: Properties[], { size = [40, 20], limits, of = { ...panel() } }: Options = {}): string[] {
  const { did, context } = recorder();
  const textures = new Textures(rgba => `pixels of ${rgba}` as unknown as CanvasImageSource);
  const scene = sceneOf([1, of], ...nodes.map((node, i): [number, Properties] => [i + 2, node]));
  paintScene(context, scene, textures, size, limits ? new Map([[1, limits]]) : undefined);
  return did;
}

const line = (...values: number[]) => ({ ...PATH, points: points(...values) });
const places = (calls: string[]) => calls.filter(call => /(To|drawImage|arc) /.test(call));

test('a line is drawn in its style, from data to pixels, clipped to whole pixels of its panel', () => {
  const dashed = { ...line(0, 0, 15, 5, 30, 10), stroke: { ...STROKE, dash: [1, 4, 2] } };
  expect(paint([dashed], { of: { ...panel({ box: [1.4, 1.6, 30, 10] }) } })).toEqual([
    ...['save', 'scale 1,1', 'save', 'beginPath', 'rect 1,2,30,10', 'clip', 'beginPath', 'beginPath'],
    ...['moveTo 1.4,11.6', 'lineTo 16.4,6.6', 'lineTo 31.4,1.5999999999999996'],
    ...['setLineDash 4,2', 'lineDashOffset = 1'],
    ...['strokeStyle = #0072b2ff', 'lineWidth = 1.5', 'lineCap = square', 'lineJoin = round', 'miterLimit = 4'],
    ...['stroke', 'restore', 'restore'],
  ]);
});

test('what is not to be clipped is not', () => {
  expect(paint([{ ...line(0, 0, 1, 1), clip: false }]).join()).not.toContain('clip');
});

test('the offset is added to all points', () => {
  const drawn = paint([{ ...line(0, 0, 1, 1), offset: [1e8, -1e8] }], {
    limits: { x: [1e8, 1e8 + 30], y: [-1e8, 10 - 1e8] },
  });
  expect(places(drawn)).toEqual(['moveTo 1,12', 'lineTo 2,11']);
});

test('a person sees the panel with the limits of their own', () => {
  const limits: Limits = { x: [10, 40], y: [0, 5] };
  expect(places(paint([line(10, 0, 20, 5)], { limits }))).toEqual(['moveTo 1,12', 'lineTo 11,2']);
});

test('on a canvas of another size, all of it is stretched', () => {
  expect(paint([], { size: [80, 30] })).toContain('scale 2,1.5');
});

test('bars are closed, filled, and snapped to where their edges fill whole pixels', () => {
  const gap = [Number.NaN, Number.NaN];
  const corners = [1.2, 9, 1.2, 3.4, 4.6, 3.4, 4.6, 9, ...gap, 7, 1, 7, 2, 8, 2];
  const style = { closed: true, snap: null, stroke: { ...STROKE, width: 1.2 }, fill: '#ff0000ff' };
  const drawn = paint([{ ...line(...corners), ...style, coords: ['pixels', 'pixels'] }]);
  expect(drawn.filter(call => /To |Path|^fill$|^stroke$/.test(call)).slice(2)).toEqual([
    ...['moveTo 1.5,9.5', 'lineTo 1.5,3.5', 'lineTo 5.5,3.5', 'lineTo 5.5,9.5', 'closePath'],
    ...['moveTo 7.5,1.5', 'lineTo 7.5,2.5', 'lineTo 8.5,2.5', 'closePath'],
    ...['fill', 'stroke'],
  ]);
});

test('an open path that is filled has its last side filled, but not drawn; one filled with nothing is a line', () => {
  const open = { ...line(0, 0, 9, 9, 18, 0), fill: '#ff000080' };
  expect(
    paint([open])
      .filter(call => /To |Path|^fill$|^stroke$/.test(call))
      .slice(1),
  ).toEqual([
    ...['beginPath', 'moveTo 1,12', 'lineTo 10,3', 'lineTo 19,12', 'closePath', 'fill'],
    ...['beginPath', 'moveTo 1,12', 'lineTo 10,3', 'lineTo 19,12', 'stroke'],
  ]);
  expect(paint([{ ...open, fill: '#ff000000' }])).not.toContain('fill');
});

test('of a long line, a column of pixels gets its extremes, and what is out of sight is left out', () => {
  const steps = Array.from({ length: 3000 }, (_, i) => [i / 10, i % 7]).flat();
  const ascending = { ...line(...steps), ascending: true };
  const drawn = places(paint([ascending]));
  expect(drawn.length).toBeLessThan(4 * 33);
  expect(drawn.length).toBeGreaterThan(30);
  expect(drawn[0]).toBe('moveTo 1,12');
  expect(places(paint([{ ...ascending, ascending: false }]))).toHaveLength(3000);
  const zoomed = places(paint([ascending], { limits: { x: [10.05, 10.55], y: [0, 10] } }));
  expect(zoomed).toHaveLength(7); // 10.1 to 10.5, and one more on each side
  expect(places(paint([ascending], { limits: { x: [10.55, 10.05], y: [0, 10] } }))).toHaveLength(7);
});

test('gaps do not mislead the search for what is in sight', () => {
  const gap = [Number.NaN, Number.NaN];
  const gaps = Array.from({ length: 50 }, () => gap).flat();
  const broken = { ...line(1, 1, 2, 2, ...gaps, 3, 3, 4, 4, ...gaps), ascending: true };
  for (const x of [[0, 30] as const, [0.5, 2.5] as const, [2.5, 4.5] as const, [3.5, 3.6] as const]) {
    const drawn = places(paint([broken], { limits: { x, y: [0, 10] } }));
    expect(drawn.length, String(x)).toBe(x[0] === 0 ? 4 : 2);
  }
});

test('marks lie on whole pixels; those out of sight or without a number are left out', () => {
  const circle = paint([{ ...MARKS, points: points(3.4, 7.6, 1e9, 1, Number.NaN, 1), coords: ['pixels', 'pixels'] }]);
  expect(circle.filter(call => call.startsWith('arc'))).toEqual([`arc 3.5,8.5,2.5,0,${2 * Math.PI}`]);
  expect(circle).not.toContain('stroke');
  const lines = [
    [-1, -1, 1, 1],
    [-1, 1, 1, -1],
  ];
  const style = { shape: lines, stroke: STROKE, fill: null, coords: ['pixels', 'pixels'] };
  const cross = paint([{ ...MARKS, points: points(3, 7), ...style }]);
  expect(places(cross)).toEqual(['moveTo 2,6', 'lineTo 4,8', 'moveTo 2,8', 'lineTo 4,6']);
});

test('what is not clipped stays in a panel that a person has moved, in the directions in which it follows the data', () => {
  const clips = (coords: string[], limits?: Limits) => {
    const drawn = paint([{ ...MARKS, points: points(0, 0), coords, clip: false }], limits && { limits });
    return drawn.filter(call => call.startsWith('rect'));
  };
  const limits: Limits = { x: [10, 25], y: [0, 10] };
  expect(clips(['data', 'data'])).toEqual([]);
  expect(clips(['data', 'data'], limits)).toEqual(['rect 1,2,30,10']);
  expect(clips(['data', 'axes'], limits)).toEqual(['rect 1,0,30,20']);
  expect(clips(['pixels', 'data'], limits)).toEqual(['rect 0,2,40,10']);
  expect(clips(['axes', 'axes'], limits)).toEqual([]);
});

test('an image is painted pixel for pixel, upright or turned round', () => {
  const image = { ...IMAGE, pixels: bytes([1, 1, 4], 1, 2, 3, 4), alpha: 0.5, extent: [0, 8, 6, 4] };
  expect(paint([image])).toEqual(
    expect.arrayContaining([
      ...['imageSmoothingEnabled = false', 'globalAlpha = 0.5', 'translate 1,4', 'scale 1,1'],
      'drawImage pixels of 1,2,3,4,0,0,6,4',
    ]),
  );
  expect(paint([image], { limits: { x: [30, 0], y: [10, 0] } })).toEqual(
    expect.arrayContaining(['translate 31,10', 'scale -1,-1', 'drawImage pixels of 1,2,3,4,0,0,6,4']),
  );
});

const GLYPH = { kind: 'glyph', alpha: bytes([1, 1], 255) };

test('a text is painted by its glyphs, in its colour, at whole pixels of the figure', () => {
  const drawn = paint([GLYPH, { ...TEXT, glyphs: [2, 5, 6, 2, 9, 6, 99, 1, 1] }]);
  const glyph = 'drawImage pixels of 0,255,0,255';
  expect(places(drawn)).toEqual([`${glyph},5,6`, `${glyph},9,6`]);
});

const axis = (properties: Partial<Axis>): Axis => ({ ...panel().x, ...properties });
const ticks = [-0.5, 0, 9.7, 30, 30.5].map(at => ({ at, glyphs: [2, -1, 15] }));

test('grid lines fill whole pixels, and labels go along with their ticks; those beyond the limits do not show', () => {
  const x = axis({ limits: [0, 30], ticks, grid: { ...STROKE, width: 1 }, color: '#0000ffff' });
  const drawn = paint([GLYPH], { of: { ...panel({ x }) } });
  const label = 'drawImage pixels of 0,0,255,255';
  expect(places(drawn)).toEqual([
    ...[
      'moveTo 1.5,12.5',
      'lineTo 1.5,2.5',
      'moveTo 11.5,12.5',
      'lineTo 11.5,2.5',
      'moveTo 31.5,12.5',
      'lineTo 31.5,2.5',
    ],
    ...[`${label},0,15`, `${label},9,15`, `${label},30,15`],
  ]);
  const y = axis({ limits: [0, 10], ticks: [{ at: 5, glyphs: [2, 3, -4] }], color: '#0000ffff' });
  expect(places(paint([GLYPH], { of: { ...panel({ y }) } }))).toEqual([`${label},3,3`]);
});

test('a panel begins with its face; its axes come in their order, before items of the same', () => {
  const grid = { ...STROKE, color: '#00000011' };
  const x = axis({ limits: [0, 30], ticks: [{ at: 1, glyphs: [] }], grid, order: 2 });
  const y = axis({
    limits: [0, 10],
    ticks: [{ at: 1, glyphs: [] }],
    grid: { ...grid, color: '#00000022' },
    order: 0.5,
  });
  const drawn = paint(
    [
      { ...line(0, 0, 1, 1), order: 2 },
      { ...line(0, 0, 1, 1), stroke: { ...STROKE, color: '#00000033' }, order: 1 },
    ],
    {
      of: { ...panel({ x, y, face: '#ffffffff' }) },
    },
  );
  expect(drawn.filter(call => /fillRect|strokeStyle/.test(call))).toEqual([
    ...['fillRect 1,2,30,10', 'strokeStyle = #00000022', 'strokeStyle = #00000033', 'strokeStyle = #00000011'],
    'strokeStyle = #0072b2ff',
  ]);
});

test('limits that say nothing show nothing', () => {
  const drawn = paint([line(0, 0, 1, 1), { ...MARKS, points: points(1, 1) }], { limits: { x: [1, 1], y: [0, 0] } });
  expect(places(drawn)).toEqual([]);
});
