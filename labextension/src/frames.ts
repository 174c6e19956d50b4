/**
 * Frames on their way from the kernel to the canvas.
 *
 * Invariant: frames are painted in the order they came in, each exactly once, and each of which that is asked is
 * acknowledged exactly once, after it was painted or has failed: a frame may be a difference to the one before it.
 */

/** What a queue does with frames. */
export interface FrameHandler<Encoded, Picture> {
  /** Called as frames come in, in their order. */
  decode(encoded: Encoded): Promise<Picture>;
  /** May take until the browser paints. */
  paint(picture: Picture): void | Promise<void>;
  acknowledge(number: number, error?: string): void;
}

export class FrameQueue<Encoded, Picture> {
  readonly #handler: FrameHandler<Encoded, Picture>;
  #last: Promise<void> = Promise.resolve();

  constructor(handler: FrameHandler<Encoded, Picture>) {
    this.#handler = handler;
  }

  /**
   * Take a frame. Decoding starts at once and may overlap; painting waits for its turn.
   *
   * @param number - the kernel's number for it, which its acknowledgement repeats; a frame without one gets none.
   * @param asked - whether one is wanted; a frame that cannot be painted is reported in any case.
   * @returns a promise that is fulfilled, never rejected, when the frame has been dealt with.
   */
  push(number: number | undefined, encoded: Encoded, asked = true): Promise<void> {
    const picture = this.#decode(encoded);
    const before = this.#last;
    this.#last = this.#settle(number, picture, before, asked);
    return this.#last;
  }

  async #decode(encoded: Encoded): Promise<Picture | Error> {
    try {
      return await this.#handler.decode(encoded);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  async #settle(
    number: number | undefined,
    decoding: Promise<Picture | Error>,
    before: Promise<void>,
    asked: boolean,
  ): Promise<void> {
    const picture = await decoding;
    await before;
    let failure: string | undefined;
    try {
      if (picture instanceof Error) {
        throw picture;
      }
      await this.#handler.paint(picture);
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    if (number === undefined || (!asked && failure === undefined)) {
      return;
    }
    // The views are painted by promises that are already fulfilled: they come before this one's next turn.
    await Promise.resolve();
    try {
      this.#handler.acknowledge(number, failure);
    } catch (error) {
      console.warn(`tfwidget: frame ${number} could not be acknowledged`, error);
    }
  }
}
