/** Messages of scenes, for tests. */
import type { Axis, Panel, SceneMessage, Stroke } from '../src/protocol';
import { readScene } from '../src/reader';
import { Scene } from '../src/scene';
import recording from './fixtures/scene.json';

export const STROKE: Stroke = { color: '#0072b2ff', width: 1.5, cap: 'square', join: 'round' };

const AXIS: Axis = {
  scale: { kind: 'linear' },
  limits: [0, 1],
  ticks: [],
  color: '#000000ff',
  grid: null,
  order: 1.5,
};

/** A panel whose data are its pixels: 0 to 30 across from 1, 0 to 10 upwards from 12. */
export function panel(properties: Partial<Panel> = {}): Panel {
  const x = { ...AXIS, limits: [0, 30] };
  const y = { ...AXIS, limits: [0, 10] };
  const style = { kind: 'panel', order: 0, face: null, navigate: true, equal: false } as const;
  return { ...style, box: [1, 2, 30, 10], x, y, ...properties };
}

const ITEM = { panel: 1, order: 2, clip: true };
const PLACED = { ...ITEM, coords: ['data', 'data'], offset: [0, 0] };

/** Properties of items; of arrays, the numbers that are to lie in the buffer. */
export const PATH = {
  kind: 'path',
  ...PLACED,
  ascending: false,
  closed: false,
  snap: false,
  stroke: STROKE,
  fill: null,
};
export const MARKS = { kind: 'marks', ...PLACED, shape: 2.5, stroke: null, fill: '#ff0000ff' };
export const IMAGE = {
  kind: 'image',
  ...ITEM,
  coords: ['data', 'data'],
  extent: [0, 10, 30, 0],
  colors: null,
  alpha: 1,
  smooth: false,
};
export const TEXT = { kind: 'text', ...ITEM, clip: false, color: '#00ff00ff' };

/** An array in the buffer of `message`. */
export class Numbers {
  constructor(
    readonly type: 'f4' | 'u1',
    readonly shape: number[],
    readonly values: readonly number[],
  ) {}
}

export function points(...values: number[]): Numbers {
  return new Numbers('f4', [values.length / 2, 2], values);
}

export function bytes(shape: number[], ...values: number[]): Numbers {
  return new Numbers('u1', shape, values);
}

type Properties = Record<string, unknown>;

/** A message as it comes in: a keyframe, or with `base` a patch. */
export function message(
  nodes: [number, Properties][],
  { grown = [], ...rest }: Omit<Partial<SceneMessage>, 'grown' | 'nodes'> & { grown?: [number, Numbers][] } = {},
): [message: Properties & { type: 'scene' }, buffer: Uint8Array<ArrayBuffer>] {
  const chunks: number[] = [];
  const place = (value: unknown): unknown => {
    if (value instanceof Numbers) {
      const at = chunks.length;
      const data = value.type === 'f4' ? new Float32Array(value.values) : new Uint8Array(value.values);
      chunks.push(...new Uint8Array(data.buffer));
      while (chunks.length % 4) {
        chunks.push(0);
      }
      return { at, type: value.type, shape: value.shape };
    }
    const isPlain = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isPlain ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, place(one)])) : value;
  };
  const content = {
    ...{ type: 'scene' as const, frame: 1, ack: true, version: 1, base: null, size: [40, 20], show: true },
    ...{ handled: {}, dropped: [], updates: {} },
    nodes: nodes.map(([id, properties]) => [id, place(properties)]),
    grown: grown.map(([id, numbers]) => [id, place(numbers)]),
    ...rest,
  };
  return [content, new Uint8Array(chunks)];
}

export function send(scene: Scene, [content, buffer]: ReturnType<typeof message>): 'applied' | 'gap' {
  return scene.apply(readScene(content), buffer);
}

/** A scene of these nodes. */
export function sceneOf(...nodes: [number, Properties][]): Scene {
  const scene = new Scene();
  send(scene, message(nodes));
  return scene;
}

/** What a kernel has sent. */
export const RECORDED = recording.messages.map(({ message, buffer }) => ({
  message,
  buffer: Uint8Array.from(atob(buffer), character => character.charCodeAt(0)),
}));

/** Of the last version, by ids: arrays as lists, with null for NaN. */
export const EXPECTED: Record<string, Properties> = recording.nodes;

/** A canvas' context that writes down what is done with it. */
export function recorder() {
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
