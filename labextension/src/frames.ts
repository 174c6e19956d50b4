/**
 * Frames on their way from the kernel to the canvas.
 *
 * Invariant: frames are painted in the order they came in, each exactly once, and each numbered one is acknowledged
 * exactly once, after it was painted or has failed: a frame may be a difference to the one before it.
 */

/** A frame as it came in. */
export interface Frame {
  /** The kernel's number for it, which its acknowledgement repeats; a frame without a number gets none. */
  number: number | undefined;
  /** It replaces the picture; otherwise it is painted over the one before. */
  full: boolean;
  /** The encoded picture. */
  data: BlobPart | undefined;
}

/** What a queue does with frames. */
export interface FrameHandler<Picture> {
  decode(data: BlobPart): Promise<Picture>;
  paint(picture: Picture, full: boolean): void;
  acknowledge(number: number, error?: string): void;
}

export class FrameQueue<Picture> {
  readonly #handler: FrameHandler<Picture>;
  #last: Promise<void> = Promise.resolve();

  constructor(handler: FrameHandler<Picture>) {
    this.#handler = handler;
  }

  /**
   * Take a frame. Decoding starts at once and may overlap; painting waits for its turn.
   *
   * @returns a promise that is fulfilled, never rejected, when the frame has been dealt with.
   */
  push(frame: Frame): Promise<void> {
    const picture = this.#decode(frame.data);
    const before = this.#last;
    this.#last = this.#settle(frame, picture, before);
    return this.#last;
  }

  async #decode(data: BlobPart | undefined): Promise<Picture | Error> {
    try {
      if (data === undefined) {
        return new Error('the frame came without a picture');
      }
      return await this.#handler.decode(data);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  async #settle(frame: Frame, decoding: Promise<Picture | Error>, before: Promise<void>): Promise<void> {
    const picture = await decoding;
    await before;
    let failure: string | undefined;
    try {
      if (picture instanceof Error) {
        throw picture;
      }
      this.#handler.paint(picture, frame.full);
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    if (frame.number === undefined) {
      return;
    }
    // The views are painted by promises that are already fulfilled: they come before this one's next turn.
    await Promise.resolve();
    try {
      this.#handler.acknowledge(frame.number, failure);
    } catch (error) {
      console.warn(`tfwidget: frame ${frame.number} could not be acknowledged`, error);
    }
  }
}
