/**
 * Where a drag of the mouse takes the data of an axes, before the kernel has answered.
 *
 * Invariant: what has been painted stays where it is when the kernel's answer comes, for it is painted where the answer
 * will have it. Each message about the mouse has a number, and each frame names the newest that its limits were made
 * with: the frame is moved by what the mouse has done since, and no longer once it names the last one.
 *
 * On every scale, Matplotlib's pan tool moves (left button) or stretches (right button) the data in pixels.
 */
import type { Box } from './stream';

/** What becomes of a place: it is multiplied, then shifted. */
export type Affine = readonly [scale: number, shift: number];

/** Across and down. */
export type Motion = readonly [x: Affine, y: Affine];

/** What is asked of a panel: where it is, and the buttons that drag it. */
export interface Draggable {
  readonly box: Box;
  readonly drag?: readonly number[];
}

/** What is used of a message about the mouse. */
export interface Mouse {
  readonly x: number;
  readonly y: number;
  readonly button: number;
  readonly buttons: number;
}

interface Place {
  readonly x: number;
  readonly y: number;
  /** Pressed meanwhile, as ipympl calls it; Matplotlib keeps to one direction with some. */
  readonly key: string | undefined;
}

interface Drag {
  readonly box: Box;
  readonly button: number;
  readonly press: Place;
  /** Where the mouse was, by the numbers of the messages that said so. */
  sent: [number: number, place: Place][];
  now: Place;
}

/** Of the buttons that are down, the bit of each that can drag. */
const BITS: Record<number, number> = { 0: 1, 2: 2 };
const FURTHEST = 6; // powers of ten: beyond, nothing could be seen

export class Drags {
  #drags: Drag[] = []; // that the kernel has not answered in full
  #held: Drag | undefined;
  /** The key that is down. */
  key: string | undefined;

  /** The button that is down, as one of those that are in a message. */
  get buttons(): number | undefined {
    return this.#held && BITS[this.#held.button];
  }

  /** A button goes down; `box` is the axes under it. */
  press({ x, y, button }: Mouse, box: Box | undefined): void {
    const another = this.#held !== undefined;
    this.release(); // as Matplotlib does when another button goes down
    if (box && !another && button in BITS) {
      const press = { x, y, key: this.key };
      this.#held = { box, button, press, sent: [], now: press };
      this.#drags.push(this.#held);
    }
  }

  /**
   * The mouse moves.
   *
   * @param number - of the message that tells the kernel so, if any does yet.
   * @returns whether something may have to be painted elsewhere.
   */
  move({ x, y, buttons }: Pick<Mouse, 'x' | 'y' | 'buttons'>, number?: number): boolean {
    const drag = this.#held;
    if (!drag) {
      return false;
    }
    if (buttons !== this.buttons) {
      this.release(); // it went up outside
      return true;
    }
    drag.now = { x, y, key: this.key };
    if (number !== undefined) {
      drag.sent.push([number, drag.now]);
    }
    return true;
  }

  /** The button goes up: the kernel will come to where it was told last, and no further. */
  release(): void {
    if (this.#held) {
      this.#held.now = this.#held.sent.at(-1)?.[1] ?? this.#held.press;
      this.#held = undefined;
    }
  }

  /** Forget what a frame that names this message has answered. */
  forget(number: number): void {
    this.#drags = this.#drags.filter(drag => drag === this.#held || (drag.sent.at(-1)?.[0] ?? 0) > number);
    for (const drag of this.#drags) {
      drag.sent = drag.sent.filter((_, i) => (drag.sent[i + 1]?.[0] ?? Number.POSITIVE_INFINITY) > number);
    }
  }

  /** How a frame that names this message is to be moved in a panel; undefined where no drag holds it. */
  motion({ box, drag: buttons = [] }: Draggable, number: number): Motion | undefined {
    const drags = this.#drags.filter(drag => buttons.includes(drag.button) && isSame(drag.box, box));
    if (drags.length === 0) {
      return undefined;
    }
    let x: Affine = [1, 0];
    let y: Affine = [1, 0];
    for (const drag of drags) {
      const handled = drag.sent.filter(([one]) => one <= number).at(-1)?.[1] ?? drag.press;
      const before = motionOf(drag, handled);
      const after = motionOf(drag, drag.now);
      x = then(x, then(inverse(before[0]), after[0]));
      y = then(y, then(inverse(before[1]), after[1]));
    }
    return [x, y];
  }
}

/** What dragging to a place does to the axes, as `drag_pan` of Matplotlib's axes has it. */
function motionOf({ box: [, , width, height], button, press }: Drag, { x, y, key }: Place): Motion {
  const [across, up] = [x - press.x, press.y - y];
  if (button === 0) {
    const [right, upwards] = constrained(key, across, up);
    return [
      [1, right],
      [1, -upwards],
    ];
  }
  return constrained(key, across / width, up / height).map((power, i) => {
    const scale = 10 ** Math.min(Math.max(power, -FURTHEST), FURTHEST);
    return [scale, (1 - scale) * (i === 0 ? press.x : press.y)];
  }) as unknown as Motion;
}

function constrained(key: string | undefined, dx: number, dy: number): [number, number] {
  const [wide, tall] = [Math.abs(dx), Math.abs(dy)];
  switch (key) {
    case 'kx':
      return [dx, 0];
    case 'ky':
      return [0, dy];
    case 'kControl':
      return wide > tall ? [dx, dx] : [dy, dy];
    case 'kShift':
      if (2 * wide < tall) {
        return [0, dy];
      }
      if (2 * tall < wide) {
        return [dx, 0];
      }
      return wide > tall ? [dx, Math.sign(dy) * wide] : [Math.sign(dx) * tall, dy];
    default:
      return [dx, dy];
  }
}

function then([scale, shift]: Affine, [nextScale, nextShift]: Affine): Affine {
  return [nextScale * scale, nextScale * shift + nextShift];
}

function inverse([scale, shift]: Affine): Affine {
  return [1 / scale, -shift / scale];
}

function isSame(one: Box, other: Box): boolean {
  return one.every((side, i) => side === other[i]);
}
