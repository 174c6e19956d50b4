import { expect, test } from 'vitest';
import { bytesOf, readChanges, readNode, readScene } from '../src/reader';
import { bytes, EXPECTED, IMAGE, MARKS, message, Numbers, PATH, panel, points, RECORDED, TEXT } from './scenes';

/** The one node of a message. */
function read(properties: Record<string, unknown>) {
  const [content, buffer] = message([[7, properties]]);
  return readNode(readScene(content).nodes[0]?.[1] ?? {}, buffer, 'node 7');
}

const line = { ...PATH, points: points(1, 2, 3, 4) };
const grey = { low: 0, high: 1, table: bytes([4, 4], ...new Array(16).fill(9)) };
const image = { ...IMAGE, pixels: new Numbers('f4', [1, 2], [0.5, 1]), colors: grey };

test('what a kernel has sent is read', () => {
  for (const { message } of RECORDED) {
    expect(readScene(message)).toEqual(message);
  }
});

test('nodes of all kinds are read, and arrays come out of the buffer', () => {
  expect(read(line)).toEqual({ ...PATH, points: new Float32Array([1, 2, 3, 4]) });
  expect(read({ ...MARKS, points: points(1, 2) })).toMatchObject({ shape: 2.5, points: new Float32Array([1, 2]) });
  expect(read(image)).toMatchObject({
    pixels: { rows: 1, columns: 2, depth: 1, values: new Float32Array([0.5, 1]) },
    colors: { low: 0, high: 1, table: new Uint8Array(16).fill(9) },
  });
  expect(read({ ...IMAGE, pixels: bytes([1, 1, 4], 1, 2, 3, 4) })).toMatchObject({ pixels: { depth: 4 } });
  expect(read({ ...TEXT, glyphs: [9, 1, 2] })).toEqual({ ...TEXT, glyphs: [9, 1, 2] });
  expect(read({ kind: 'glyph', alpha: bytes([1, 2], 8, 9) })).toMatchObject({ alpha: { rows: 1, columns: 2 } });
  expect(read({ ...panel() })).toEqual(panel());
});

test('arrays are copies: a small one does not keep the message', () => {
  const [content, buffer] = message([[7, line]]);
  const node = readNode(readScene(content).nodes[0]?.[1] ?? {}, buffer, 'node 7');
  buffer.fill(0);
  expect(node).toMatchObject({ points: new Float32Array([1, 2, 3, 4]) });
});

const [MESSAGE] = message([]);

test.each([
  ['the message', 7],
  ['the message.type', { ...MESSAGE, type: 'other' }],
  ['the message.version', { ...MESSAGE, version: -1 }],
  ['the message.base', { ...MESSAGE, base: 0.5 }],
  ['the message.size', { ...MESSAGE, size: [1] }],
  ['the message.size[1]', { ...MESSAGE, size: [1, null] }],
  ['the message.show', { ...MESSAGE, show: 1 }],
  ['the message.handled.me', { ...MESSAGE, handled: { me: 'x' } }],
  ['the message.nodes[0]', { ...MESSAGE, nodes: [[1]] }],
  ['the message.nodes[0][1]', { ...MESSAGE, nodes: [[1, null]] }],
  ['the message.grown[0][1].type', { ...MESSAGE, grown: [[1, { at: 0, type: 'f8', shape: [] }]] }],
  ['the message.dropped[0]', { ...MESSAGE, dropped: ['1'] }],
  ['the message.updates.model', { ...MESSAGE, updates: { model: [] } }],
])('a message with a bad %s is an error that names it', (where, content) => {
  expect(() => readScene(content)).toThrow(where);
});

test.each([
  ['kind', { ...line, kind: 'circle' }],
  ['kind', { ...line, kind: 'toString' }],
  ['order', { ...line, order: Number.NaN }],
  ['coords[1]', { ...line, coords: ['data', 'miles'] }],
  ['offset', { ...line, offset: [1, 2, 3] }],
  ['points', { ...line, points: new Numbers('f4', [4], [1, 2, 3, 4]) }],
  ['points', { ...line, points: bytes([1, 2], 1, 2) }],
  ['points ends at byte 80 of 0', { ...line, points: { at: 0, type: 'f4', shape: [10, 2] } }],
  ['stroke.color', { ...line, stroke: { ...PATH.stroke, color: 'red' } }],
  ['stroke.dash[0]', { ...line, stroke: { ...PATH.stroke, dash: ['1'] } }],
  ['snap', { ...line, snap: 'yes' }],
  ['pixels', { ...image, pixels: new Numbers('f4', [1, 1, 4], [1, 2, 3, 4]) }],
  ['colors.table', { ...image, colors: { ...grey, table: bytes([3, 4], ...new Array(12).fill(9)) } }],
  ['no colours', { ...image, colors: null }],
  ['glyphs', { ...TEXT, glyphs: [1, 2] }],
  ['alpha', { kind: 'glyph', alpha: points(1, 2) }],
  ['x.scale', { ...panel(), x: { ...panel().x, scale: { kind: 'log' } } }],
  ['y.limits', { ...panel(), y: { ...panel().y, limits: [1] } }],
  ['face', { ...panel(), face: undefined }],
])('a node with a bad %s is an error that names it', (where, properties) => {
  expect(() => read(properties)).toThrow(where);
});

test('what has changed of a node is read as its kind has it, and the rest stays', () => {
  const node = read(line);
  const changed = readChanges(node, { order: 9, stroke: null }, new Uint8Array(0), 'node 7');
  expect(changed).toEqual({ ...PATH, points: new Float32Array([1, 2, 3, 4]), order: 9, stroke: null });
  expect(changed).toHaveProperty('points', node.kind === 'path' && node.points);
  for (const properties of [{ limits: [1, 2] }, { toString: 1 }, { order: 'first' }]) {
    expect(() => readChanges(node, properties, new Uint8Array(0), 'node 7')).toThrow(/node 7\.\w+/);
  }
  expect(() => readChanges(read(image), { colors: null }, new Uint8Array(0), 'node 7')).toThrow('no colours');
});

test('bytes come as a view, as memory, or not at all', () => {
  const memory = new Uint8Array([1, 2, 3, 4]).buffer;
  expect(bytesOf(new DataView(memory, 1, 2))).toEqual(new Uint8Array([2, 3]));
  expect(bytesOf(memory)).toEqual(new Uint8Array([1, 2, 3, 4]));
  expect(bytesOf(undefined)).toEqual(new Uint8Array(0));
  expect(() => bytesOf('text')).toThrow('no bytes');
});

test('the fixtures hold every kind but none that is not known', () => {
  const kinds = new Set(Object.values(EXPECTED).map(({ kind }) => kind));
  expect(kinds).toEqual(new Set(['panel', 'path', 'marks', 'image', 'text', 'glyph']));
});
