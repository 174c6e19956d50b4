/**
 * Images and texts in a form that a canvas can paint.
 *
 * Invariant: each is made once, and made again only if its pixels or its colours have changed. It is freed when no node
 * has its pixels any more.
 */
import type { ColorTable, GlyphNode, Grid, ImageNode } from './reader';

/** Makes an image that can be painted from pixels: RGBA, a byte each, not premultiplied. */
export type MakeSource = (rgba: Uint8ClampedArray<ArrayBuffer>, columns: number, rows: number) => CanvasImageSource;

type Values = ImageNode['pixels']['values'];

export class Textures {
  readonly #make: MakeSource;
  // Arrays are never modified, and a node keeps its array while the pixels stay the same. So arrays can be the keys.
  readonly #images = new WeakMap<Values, { colors: ColorTable | null; source: CanvasImageSource }>();
  readonly #glyphs = new WeakMap<GlyphNode['alpha'], Map<string, CanvasImageSource>>();

  constructor(make: MakeSource) {
    this.#make = make;
  }

  /** An image in its colours; undefined if it has no pixels. */
  image({ pixels, colors }: ImageNode): CanvasImageSource | undefined {
    if (pixels.rows === 0 || pixels.columns === 0) {
      return undefined;
    }
    let known = this.#images.get(pixels.values);
    if (!known || known.colors !== colors) {
      const rgba = colors === null ? new Uint8ClampedArray(pixels.values) : colored(pixels.values, colors);
      known = { colors, source: this.#make(rgba, pixels.columns, pixels.rows) };
      this.#images.set(pixels.values, known);
    }
    return known.source;
  }

  /** A piece of text in this colour, `#rrggbbaa`; undefined if it has no pixels. */
  glyph({ alpha }: GlyphNode, color: string): CanvasImageSource | undefined {
    if (alpha.rows === 0 || alpha.columns === 0) {
      return undefined;
    }
    let tints = this.#glyphs.get(alpha);
    if (!tints) {
      tints = new Map();
      this.#glyphs.set(alpha, tints);
    }
    let source = tints.get(color);
    if (!source) {
      source = this.#make(tinted(alpha, color), alpha.columns, alpha.rows);
      tints.set(color, source);
    }
    return source;
  }
}

/** Turn values into colours, as Matplotlib's `Normalize` and `Colormap` do. */
export function colored(values: Values, { low, high, table }: ColorTable): Uint8ClampedArray<ArrayBuffer> {
  const levels = table.length / 4 - 3;
  const perLevel = (high - low) / levels;
  const colors = new Uint32Array(table.slice().buffer);
  const result = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    let level: number;
    if (Number.isNaN(value)) {
      level = levels + 2;
    } else if (low === high) {
      level = 0; // as Normalize does
    } else if (value < low) {
      level = levels;
    } else if (value > high) {
      level = levels + 1;
    } else {
      level = Math.min(Math.trunc((value - low) / perLevel), levels - 1);
    }
    result[i] = colors[level] as number;
  }
  return new Uint8ClampedArray(result.buffer);
}

function tinted(alpha: Grid<Uint8Array>, color: string): Uint8ClampedArray<ArrayBuffer> {
  const [red, green, blue, opacity] = [1, 3, 5, 7].map(i => Number.parseInt(color.slice(i, i + 2), 16));
  const result = new Uint8ClampedArray(4 * alpha.values.length);
  alpha.values.forEach((coverage, i) => {
    result.set([red ?? 0, green ?? 0, blue ?? 0, (coverage * (opacity ?? 255)) / 255], 4 * i);
  });
  return result;
}
