/**
 * This page's copy of the scene, which patches keep up to date.
 *
 * Invariant: a message is applied as a whole or not at all, so the scene always has one version. A patch that does not
 * fit is a gap. The scene then stays as it is until a keyframe comes.
 *
 * Node objects are never modified. A changed node is a new object, which shares the arrays that have not changed.
 */
import type { Panel, SceneMessage, Text } from './protocol';
import {
  type ImageNode,
  type MarksNode,
  type PathNode,
  type Points,
  readChanges,
  readNode,
  readPoints,
  type SceneNode,
} from './reader';

/** A node that is painted, in a panel or in the figure itself. */
export type Item = PathNode | MarksNode | ImageNode | Text;

/** A panel with its items, or an item of the figure itself. */
export type Layer =
  | { readonly id: number; readonly node: Panel; readonly items: readonly Item[] }
  | { readonly id: number; readonly node: Item };

export class Scene {
  /** 0 until the first keyframe has come. */
  version = 0;
  /** Width and height of the figure in pixels. */
  size: readonly [width: number, height: number] = [0, 0];
  #nodes = new Map<number, SceneNode>();
  #layers: readonly Layer[] | undefined;

  /**
   * Apply a keyframe or a patch.
   *
   * @returns `gap` if the patch does not lead on from this version, or is invalid.
   * @throws if a keyframe is invalid: asking for another one would not help.
   */
  apply(message: SceneMessage, buffer: Uint8Array): 'applied' | 'gap' {
    const isKeyframe = message.base === null;
    if (!isKeyframe && message.base !== (this.version || undefined)) {
      return 'gap';
    }
    try {
      this.#nodes = changed(isKeyframe ? new Map() : this.#nodes, message, buffer);
    } catch (error) {
      if (isKeyframe) {
        throw error;
      }
      console.warn(`tfwidget: patch ${message.version} of a figure does not fit`, error);
      return 'gap';
    }
    this.version = message.version;
    this.size = [message.size[0] ?? 0, message.size[1] ?? 0];
    this.#layers = undefined;
    return 'applied';
  }

  get(id: number): SceneNode | undefined {
    return this.#nodes.get(id);
  }

  /** The panels and items of the figure, from the lowest to the highest. */
  get layers(): readonly Layer[] {
    this.#layers ??= layersOf(this.#nodes);
    return this.#layers;
  }
}

/** The nodes after a message. Nodes that have not changed are the same objects. */
function changed(
  before: ReadonlyMap<number, SceneNode>,
  message: SceneMessage,
  buffer: Uint8Array,
): Map<number, SceneNode> {
  const nodes = new Map(before);
  for (const [id, properties] of message.nodes) {
    const where = `node ${id}`;
    const node = nodes.get(id);
    if (properties.kind !== undefined) {
      nodes.set(id, readNode(properties, buffer, where));
    } else if (node) {
      nodes.set(id, readChanges(node, properties, buffer, where));
    } else {
      throw new Error(`${where} is not known`);
    }
  }
  for (const [id, data] of message.grown) {
    const path = nodes.get(id);
    if (path?.kind !== 'path') {
      throw new Error(`node ${id} is no path that could grow`);
    }
    nodes.set(id, { ...path, points: joined(path.points, readPoints(data, buffer, `the growth of node ${id}`)) });
  }
  for (const id of message.dropped) {
    if (!nodes.delete(id)) {
      throw new Error(`node ${id}, which is to be dropped, is not known`);
    }
  }
  return nodes;
}

/** Append points. When the memory is too small, twice as much as needed is taken, so that points are rarely copied. */
function joined(points: Points, more: Points): Points {
  const length = points.length + more.length;
  const memory =
    points.buffer.byteLength >= length * points.BYTES_PER_ELEMENT ? points.buffer : new Float32Array(2 * length).buffer;
  const result = new Float32Array(memory, 0, length);
  if (memory !== points.buffer) {
    result.set(points);
  }
  result.set(more, points.length);
  return result;
}

function layersOf(nodes: ReadonlyMap<number, SceneNode>): Layer[] {
  const items = new Map<number, [number, Item][]>();
  const tops: [number, Panel | Item][] = [];
  for (const [id, node] of nodes) {
    if (node.kind === 'panel') {
      tops.push([id, node]);
    } else if (node.kind !== 'glyph') {
      if (node.panel === 0) {
        tops.push([id, node]);
      } else {
        const others = items.get(node.panel);
        if (others) {
          others.push([id, node]);
        } else {
          items.set(node.panel, [[id, node]]);
        }
      }
    }
  }
  return inOrder(tops).map(([id, node]) =>
    node.kind === 'panel' ? { id, node, items: inOrder(items.get(id) ?? []).map(([, item]) => item) } : { id, node },
  );
}

function inOrder<T extends { readonly order: number }>(entries: [number, T][]): [number, T][] {
  return entries.sort(([a, one], [b, other]) => one.order - other.order || a - b);
}
