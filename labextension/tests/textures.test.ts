import { expect, test, vi } from 'vitest';
import type { ImageNode, SceneNode } from '../src/reader';
import { colored, Textures } from '../src/textures';
import { bytes, IMAGE, message, Numbers, sceneOf, send } from './scenes';

const level = (i: number) => [i, i, i, 255];

/** Four levels, and what is below, above, and no number. */
const TABLE = new Uint8Array([0, 1, 2, 3, 91, 92, 93].flatMap(level));

function levels(low: number, high: number, ...values: number[]): number[] {
  const rgba = colored(new Float32Array(values), { low, high, table: TABLE });
  return [...rgba].filter((_, i) => i % 4 === 0);
}

test('values become colours as Matplotlib has it', () => {
  expect(levels(0, 1, 0, 0.2499, 0.25, 0.5, 0.999, 1)).toEqual([0, 0, 1, 2, 3, 3]);
  expect(levels(0, 1, -0.001, 1.001, Number.NaN)).toEqual([91, 92, 93]);
  expect(levels(0, 1, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)).toEqual([91, 92]);
  expect(levels(-2, 2, -2, -0.5, 0.5, 2)).toEqual([0, 1, 2, 3]);
  expect(levels(5, 5, 4, 5, 6, Number.NaN)).toEqual([0, 0, 0, 93]);
});

const isImage = (node: SceneNode | undefined): node is ImageNode => node?.kind === 'image';

function setUp() {
  const make = vi.fn((rgba: Uint8ClampedArray) => [...rgba] as unknown as CanvasImageSource);
  const textures = new Textures(make);
  const table = bytes([7, 4], ...TABLE);
  const scene = sceneOf(
    [7, { ...IMAGE, pixels: new Numbers('f4', [1, 2], [0, 9]), colors: { low: 0, high: 1, table } }],
    [8, { kind: 'glyph', alpha: bytes([1, 2], 255, 51) }],
    [9, { ...IMAGE, pixels: bytes([1, 1, 4], 1, 2, 3, 4) }],
  );
  const paint = (id = 7) => {
    const node = scene.get(id);
    return isImage(node) ? textures.image(node) : undefined;
  };
  return { make, textures, scene, paint, table };
}

test('an image is made once, and again when its pixels or its colours have changed, but not when it moves', () => {
  const { make, scene, paint, table } = setUp();
  expect(paint()).toEqual([...level(0), ...level(92)]);
  expect(make).toHaveBeenLastCalledWith(expect.anything(), 2, 1);
  paint();
  send(scene, message([[7, { extent: [0, 0, 9, 9], alpha: 0.5 }]], { version: 2, base: 1 }));
  paint();
  expect(make).toHaveBeenCalledOnce();
  send(scene, message([[7, { pixels: new Numbers('f4', [1, 2], [0.5, 0]) }]], { version: 3, base: 2 }));
  expect(paint()).toEqual([...level(2), ...level(0)]);
  send(scene, message([[7, { colors: { low: 0.5, high: 1, table } }]], { version: 4, base: 3 }));
  expect(paint()).toEqual([...level(0), ...level(91)]);
  paint();
  expect(make).toHaveBeenCalledTimes(3);
});

test('pixels that are colours stay as they are', () => {
  expect(setUp().paint(9)).toEqual([1, 2, 3, 4]);
});

test('a glyph is tinted once for each colour', () => {
  const { make, textures, scene } = setUp();
  const node = scene.get(8);
  const tint = (color: string) => node?.kind === 'glyph' && textures.glyph(node, color);
  expect(tint('#102030ff')).toEqual([16, 32, 48, 255, 16, 32, 48, 51]);
  expect(tint('#10203080')).toEqual([16, 32, 48, 128, 16, 32, 48, 26]);
  tint('#102030ff');
  expect(make).toHaveBeenCalledTimes(2);
});

test('where there are no pixels, there is nothing to paint', () => {
  const { make, textures } = setUp();
  const scene = sceneOf([7, { ...IMAGE, pixels: bytes([0, 3, 4]) }], [8, { kind: 'glyph', alpha: bytes([0, 0]) }]);
  const [image, glyph] = [scene.get(7), scene.get(8)];
  expect(isImage(image) && textures.image(image)).toBeUndefined();
  expect(glyph?.kind === 'glyph' && textures.glyph(glyph, '#000000ff')).toBeUndefined();
  expect(make).not.toHaveBeenCalled();
});
