/**
 * Reads scene messages of the kernel: checks them against protocol.ts, and copies the arrays out of the buffer.
 *
 * Invariant: returned values have the types stated here, and arrays of their own. If not, an error says what is wrong.
 */
import type {
  Axis,
  Colors,
  Coord,
  Data,
  Glyph,
  Image,
  Marks,
  Panel,
  Path,
  Scale,
  SceneMessage,
  Stroke,
  Text,
  Tick,
} from './protocol';

/** Points, as x and y in turn. */
export type Points = Float32Array<ArrayBuffer>;

/** A grid of numbers, with `depth` numbers in each place. */
export interface Grid<Values> {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly values: Values;
}

type Bytes = Uint8Array<ArrayBuffer>;
type With<Node, Arrays> = Omit<Node, keyof Arrays> & Arrays;

export type PathNode = With<Path, { points: Points }>;
export type MarksNode = With<Marks, { points: Points }>;
export type ColorTable = With<Colors, { table: Bytes }>;
export type ImageNode = With<Image, { pixels: Grid<Points | Bytes>; colors: ColorTable | null }>;
export type GlyphNode = With<Glyph, { alpha: Grid<Bytes> }>;

/** A node of the scene, with its arrays. */
export type SceneNode = Panel | PathNode | MarksNode | ImageNode | Text | GlyphNode;

/** Checks and converts one value. `where` is its name in error messages. */
type Reader<T> = (value: unknown, where: string, buffer: Uint8Array) => T;
type Fields<T> = { readonly [Key in keyof T]-?: Reader<T[Key]> };

/** Read a message, except for the properties of nodes and the arrays, which depend on the scene. */
export function readScene(content: unknown): SceneMessage {
  return MESSAGE(content, 'the message', NOTHING);
}

/** Read a new node from all of its properties. */
export function readNode(properties: Record<string, unknown>, buffer: Uint8Array, where: string): SceneNode {
  const kind = KIND(properties.kind, `${where}.kind`, buffer);
  return NODES[kind](properties, where, buffer);
}

/** Read changed properties of a node, and return the node with them. */
export function readChanges<Node extends SceneNode>(
  node: Node,
  properties: Record<string, unknown>,
  buffer: Uint8Array,
  where: string,
): SceneNode {
  const fields: Record<string, Reader<unknown>> = FIELDS[node.kind];
  const changed: Record<string, unknown> = { ...node };
  for (const [name, value] of Object.entries(properties)) {
    const read = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (!read) {
      throw new Error(`${where}.${name} is not a property of the kind ${node.kind}`);
    }
    changed[name] = read(value, `${where}.${name}`, buffer);
  }
  // The cast is right: each changed property was read by its reader, and the others are those of a node that was read.
  return whole(changed as unknown as SceneNode, where);
}

/** Read points that are to be appended to a path. */
export function readPoints(data: Data, buffer: Uint8Array, where: string): Points {
  return points(data, where, buffer);
}

/** The buffer of a message as bytes; no bytes if there is none. */
export function bytesOf(data: unknown): Uint8Array {
  if (data === undefined) {
    return NOTHING;
  }
  if (data instanceof ArrayBuffer) {
    return new Uint8Array(data);
  }
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  throw new Error('the buffer of the message is no bytes');
}

const NOTHING = new Uint8Array(0);

function fail(where: string, what: string, value: unknown): never {
  const given = typeof value === 'object' && value !== null ? (Array.isArray(value) ? 'a list' : 'an object') : value;
  throw new Error(`${where} is ${String(given)}, not ${what}`);
}

const number: Reader<number> = (value, where) =>
  typeof value === 'number' && Number.isFinite(value) ? value : fail(where, 'a number', value);
const count: Reader<number> = (value, where) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : fail(where, 'a count', value);
const boolean: Reader<boolean> = (value, where) =>
  typeof value === 'boolean' ? value : fail(where, 'true or false', value);
const color: Reader<string> = (value, where) =>
  typeof value === 'string' && /^#[0-9a-f]{8}$/i.test(value) ? value : fail(where, 'a colour as #rrggbbaa', value);
const anything: Reader<unknown> = value => value;

function oneOf<const T extends string>(...choices: T[]): Reader<T> {
  return (value, where) => choices.find(choice => choice === value) ?? fail(where, `one of ${choices}`, value);
}

function orNull<T>(read: Reader<T>): Reader<T | null> {
  return (value, where, buffer) => (value === null ? null : read(value, where, buffer));
}

function list<T>(read: Reader<T>, length?: number): Reader<T[]> {
  return (value, where, buffer) => {
    if (!Array.isArray(value) || (length !== undefined && value.length !== length)) {
      return fail(where, length === undefined ? 'a list' : `a list of ${length}`, value);
    }
    return value.map((one, i) => read(one, `${where}[${i}]`, buffer));
  };
}

function pair<A, B>(first: Reader<A>, second: Reader<B>): Reader<[A, B]> {
  return (value, where, buffer) => {
    const [one, other] = list(anything, 2)(value, where, buffer);
    return [first(one, `${where}[0]`, buffer), second(other, `${where}[1]`, buffer)];
  };
}

const record: Reader<Record<string, unknown>> = (value, where) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : fail(where, 'an object', value);

function recordOf<T>(read: Reader<T>): Reader<Record<string, T>> {
  return (value, where, buffer) =>
    Object.fromEntries(
      Object.entries(record(value, where, buffer)).map(([name, one]) => [name, read(one, `${where}.${name}`, buffer)]),
    );
}

/** All fields must be there, except those in `optional`. Unknown fields are left out. */
function object<T>(fields: Fields<T>, optional: readonly (keyof T & string)[] = []): Reader<T> {
  return (value, where, buffer) => {
    const given = record(value, where, buffer);
    const result: Partial<T> = {};
    for (const name in fields) {
      if (given[name] !== undefined || !optional.includes(name)) {
        result[name] = fields[name](given[name], `${where}.${name}`, buffer);
      }
    }
    return result as T; // every field that must be there was read
  };
}

const DATA = object<Data>({ at: count, type: oneOf('f4', 'u1'), shape: list(count) });

/** Copy an array out of the buffer: a view, even of a few bytes, would keep the whole message in memory. */
function load(data: Data, where: string, buffer: Uint8Array): Points | Bytes {
  const length = data.shape.reduce((product, side) => product * side, data.type === 'f4' ? 4 : 1);
  if (data.at + length > buffer.length) {
    throw new Error(`${where} ends at byte ${data.at + length} of ${buffer.length}`);
  }
  const bytes = buffer.slice(data.at, data.at + length);
  return data.type === 'f4' ? new Float32Array(bytes.buffer) : bytes;
}

const points: Reader<Points> = (value, where, buffer) => {
  const data = DATA(value, where, buffer);
  const loaded = load(data, where, buffer);
  const isRight = data.shape.length === 2 && data.shape[1] === 2;
  return isRight && loaded instanceof Float32Array ? loaded : fail(where, 'points: f4 of shape (n, 2)', data);
};

const grid: Reader<Grid<Points | Bytes>> = (value, where, buffer) => {
  const data = DATA(value, where, buffer);
  const [rows = 0, columns = 0, depth = 1] = data.shape;
  const isRight = data.shape.length === 2 || (data.shape.length === 3 && depth === 4 && data.type === 'u1');
  if (!isRight) {
    return fail(where, 'a grid: of shape (rows, columns), or u1 of (rows, columns, 4)', data);
  }
  return { rows, columns, depth, values: load(data, where, buffer) };
};

const coverage: Reader<Grid<Bytes>> = (value, where, buffer) => {
  const { values, ...shape } = grid(value, where, buffer);
  const isRight = shape.depth === 1 && !(values instanceof Float32Array);
  return isRight ? { ...shape, values } : fail(where, 'coverage: u1 of shape (rows, columns)', value);
};

const table: Reader<Bytes> = (value, where, buffer) => {
  const data = DATA(value, where, buffer);
  const loaded = load(data, where, buffer);
  const isRight = data.shape.length === 2 && (data.shape[0] ?? 0) > 3 && data.shape[1] === 4;
  return isRight && !(loaded instanceof Float32Array) ? loaded : fail(where, 'u1 of shape (n + 3, 4)', data);
};

const glyphs: Reader<number[]> = (value, where, buffer) => {
  const all = list(number)(value, where, buffer);
  return all.length % 3 === 0 ? all : fail(where, 'three numbers for each glyph', value);
};

const coord = oneOf<Coord>('data', 'axes', 'pixels');

const stroke = object<Stroke>(
  {
    color,
    width: number,
    cap: oneOf('butt', 'round', 'square'),
    join: oneOf('miter', 'round', 'bevel'),
    dash: list(number),
  },
  ['dash'],
);

const scale: Reader<Scale> = (value, where, buffer) => {
  const kind = oneOf('linear', 'log', 'symlog');
  const needed = { kind, base: number, linthresh: number, linscale: number };
  const read = object<Scale>(needed, ['base', 'linthresh', 'linscale'])(value, where, buffer);
  const isRight =
    read.kind === 'linear' ||
    (read.base !== undefined && (read.kind === 'log' || (read.linthresh !== undefined && read.linscale !== undefined)));
  return isRight ? read : fail(where, `a whole ${read.kind} scale`, value);
};

const axis = object<Axis>({
  scale,
  limits: list(number, 2),
  ticks: list(object<Tick>({ at: number, glyphs })),
  color,
  grid: orNull(stroke),
  order: number,
});

const shape: Reader<number | number[][]> = (value, where, buffer) =>
  typeof value === 'number' ? number(value, where, buffer) : list(list(number))(value, where, buffer);

const ITEM = { panel: count, order: number, clip: boolean };
const PLACED = { ...ITEM, coords: list(coord, 2), offset: list(number, 2), points };
const STYLE = { stroke: orNull(stroke), fill: orNull(color) };

const panel: Fields<Panel> = {
  kind: oneOf('panel'),
  box: list(number, 4),
  order: number,
  face: orNull(color),
  x: axis,
  y: axis,
  navigate: boolean,
  equal: boolean,
};
const path: Fields<PathNode> = {
  kind: oneOf('path'),
  ...PLACED,
  ...STYLE,
  ascending: boolean,
  closed: boolean,
  snap: orNull(boolean),
};
const marks: Fields<MarksNode> = { kind: oneOf('marks'), ...PLACED, ...STYLE, shape };
const image: Fields<ImageNode> = {
  kind: oneOf('image'),
  ...ITEM,
  coords: list(coord, 2),
  extent: list(number, 4),
  pixels: grid,
  colors: orNull(object<ColorTable>({ low: number, high: number, table })),
  alpha: number,
  smooth: boolean,
};
const text: Fields<Text> = { kind: oneOf('text'), ...ITEM, glyphs, color };
const glyph: Fields<GlyphNode> = { kind: oneOf('glyph'), alpha: coverage };

const FIELDS = { panel, path, marks, image, text, glyph };
const KIND = oneOf('panel', 'path', 'marks', 'image', 'text', 'glyph');
const NODES: { readonly [Kind in SceneNode['kind']]: Reader<SceneNode> } = {
  panel: object(panel),
  path: object(path),
  marks: object(marks),
  image: (value, where, buffer) => whole(object(image)(value, where, buffer), where),
  text: object(text),
  glyph: object(glyph),
};

/** Check what concerns several properties of a node. */
function whole(node: SceneNode, where: string): SceneNode {
  if (node.kind === 'image' && node.pixels.depth === 1 && node.colors === null) {
    throw new Error(`${where} has values, but no colours for them`);
  }
  return node;
}

const MESSAGE = object<SceneMessage>({
  type: oneOf('scene'),
  frame: count,
  ack: boolean,
  version: count,
  base: orNull(count),
  size: list(number, 2),
  show: boolean,
  handled: recordOf(count),
  nodes: list(pair(count, record)),
  grown: list(pair(count, DATA)),
  dropped: list(count),
  updates: recordOf(record),
});
