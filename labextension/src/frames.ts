/**
 * The queue of frames on their way from the kernel to the canvas.
 *
 * Invariant: each frame is painted exactly once, in the order of arrival, because a frame may be a difference to the
 * one before it. A frame that asks for it is acknowledged exactly once, after it was painted or has failed.
 */

/** The functions that a queue calls. */
export interface FrameHandler<Encoded, Picture> {
  /** Called on arrival, in the order of arrival. */
  decode(encoded: Encoded): Promise<Picture>;
  /** Called in the order of arrival. The promise may wait until the browser paints. */
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
   * Take a frame. It is decoded at once, also while others are. It is painted after the frames before it.
   *
   * @param number - the number that its acknowledgement repeats; without one, it is not acknowledged.
   * @param asked - whether the kernel asks for an acknowledgement. A failure is reported in any case.
   * @returns a promise that is fulfilled, and never rejected, when the frame was painted or has failed.
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
    // Views are painted in microtasks that are queued already, and so run before this function goes on.
    await Promise.resolve();
    try {
      this.#handler.acknowledge(number, failure);
    } catch (error) {
      console.warn(`tfwidget: frame ${number} could not be acknowledged`, error);
    }
  }
}
