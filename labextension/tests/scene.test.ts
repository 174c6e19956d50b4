import { expect, test, vi } from 'vitest';
import { readScene } from '../src/reader';
import { Scene } from '../src/scene';
import { bytes, EXPECTED, message, PATH, panel, points, RECORDED, sceneOf, send, TEXT } from './scenes';

const line = { ...PATH, points: points(1, 2, 3, 4) };

/** As the fixtures have it. */
function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) {
    return Array.from(value as Float32Array, number => (Number.isNaN(number) ? null : number + 0)); // -0 is 0
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return 'values' in value
      ? plain(value.values)
      : Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
  }
  return value;
}

function pointsOf(scene: Scene, id: number): number[] {
  const node = scene.get(id);
  return node?.kind === 'path' ? [...node.points] : [];
}

test('a keyframe and patches of a kernel lead to the scene that it has', () => {
  const scene = new Scene();
  for (const { message, buffer } of RECORDED) {
    expect(scene.apply(readScene(message), buffer)).toBe('applied');
  }
  expect(scene.version).toBe(RECORDED.length);
  for (const [id, expected] of Object.entries(EXPECTED)) {
    expect(plain(scene.get(Number(id)))).toEqual(expected);
  }
});

test('before a keyframe, or after a lost patch, there is a gap, and the scene stays as it was', () => {
  const scene = new Scene();
  expect(send(scene, message([[1, { ...panel() }]], { version: 1, base: 0 }))).toBe('gap');
  expect(scene.version).toBe(0);
  send(scene, message([[1, { ...panel() }]], { version: 5 }));
  for (const base of [4, 6]) {
    expect(send(scene, message([[1, { order: 9 }]], { version: 7, base }))).toBe('gap');
  }
  expect(scene.get(1)).toEqual(panel());
  expect(send(scene, message([[1, { order: 9 }]], { version: 6, base: 5 }))).toBe('applied');
  expect(scene.get(1)).toEqual(panel({ order: 9 }));
});

test.each([
  ['a node that is not known', message([[9, { order: 1 }]], { version: 2, base: 1 })],
  ['a property that its kind has not', message([[2, { limits: [1, 2] }]], { version: 2, base: 1 })],
  ['growth of what is no path', message([], { version: 2, base: 1, grown: [[1, points(1, 2)]] })],
  ['growth of what is not known', message([], { version: 2, base: 1, grown: [[9, points(1, 2)]] })],
  ['growth by what are no points', message([], { version: 2, base: 1, grown: [[2, bytes([2, 2], 1, 2, 3, 4)]] })],
  ['a loss of what is not known', message([], { version: 2, base: 1, dropped: [9] })],
])('a patch with %s is a gap, and nothing of it is applied', (_, [bad, buffer]) => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const scene = sceneOf([1, { ...panel() }], [2, line]);
  const before = scene.layers;
  const nodes = [[1, { order: 7 }], ...(bad.nodes as unknown[])];
  expect(scene.apply(readScene({ ...bad, nodes }), buffer)).toBe('gap');
  expect([scene.version, scene.layers, scene.get(1)]).toEqual([1, before, panel()]);
  expect(warn).toHaveBeenCalledOnce();
  warn.mockRestore();
});

test('a bad keyframe is an error, and the scene stays as it was', () => {
  const scene = sceneOf([1, { ...panel() }]);
  expect(() => send(scene, message([[2, { ...line, order: 'x' }]], { version: 2 }))).toThrow('node 2.order');
  expect([scene.version, scene.get(1)]).toEqual([1, panel()]);
});

test('a keyframe replaces all, and a node that comes with its kind replaces what had its id', () => {
  const scene = sceneOf([1, { ...panel() }], [2, line]);
  send(scene, message([[2, { ...panel() }]], { version: 2, base: 1 }));
  expect(scene.get(2)).toEqual(panel());
  send(scene, message([[3, line]], { version: 9 }));
  expect([scene.get(1), scene.get(2), scene.version]).toEqual([undefined, undefined, 9]);
});

test('a path grows, and rarely moves in memory', () => {
  const scene = sceneOf([1, { ...panel() }], [2, line]);
  const memories = new Set<ArrayBuffer>();
  for (let version = 2; version < 502; version++) {
    send(scene, message([], { version, base: version - 1, grown: [[2, points(version, 1, version, 2)]] }));
    const node = scene.get(2);
    memories.add((node?.kind === 'path' && node.points.buffer) || new ArrayBuffer(0));
  }
  expect(pointsOf(scene, 2).slice(0, 8)).toEqual([1, 2, 3, 4, 2, 1, 2, 2]);
  expect(pointsOf(scene, 2)).toHaveLength(4 + 500 * 4);
  expect(memories.size).toBeLessThan(12);
});

test('a node that has not changed is the same object, with the same arrays', () => {
  const scene = sceneOf([1, { ...panel() }], [2, line], [3, line]);
  const [two, three] = [scene.get(2), scene.get(3)];
  send(scene, message([[2, { order: 9 }]], { version: 2, base: 1 }));
  expect(scene.get(3)).toBe(three);
  expect(scene.get(2)).not.toBe(two);
});

test('panels and the items of the figure are painted in one order, items within their panel; ties by id', () => {
  const text = (order: number, panel = 0) => ({ ...TEXT, order, panel, glyphs: [] });
  const scene = sceneOf(
    [9, text(5)],
    [4, { ...panel({ order: 1 }) }],
    [3, { ...panel({ order: 1 }) }],
    [8, text(-1)],
    [6, text(2, 4)],
    [5, text(2, 4)],
    [7, text(1, 4)],
    [10, { kind: 'glyph', alpha: bytes([0, 0]) }],
    [11, text(1, 99)],
  );
  expect(scene.layers.map(({ id }) => id)).toEqual([8, 3, 4, 9]);
  const layer = scene.layers[2];
  expect(layer && 'items' in layer && layer.items).toEqual([7, 5, 6].map(id => scene.get(id)));
  send(scene, message([[7, { order: 3 }]], { version: 2, base: 1 }));
  const after = scene.layers[2];
  expect(after && 'items' in after && after.items).toEqual([5, 6, 7].map(id => scene.get(id)));
});
