/**
 * Decides when the canvas is painted.
 *
 * Invariant: changes by the kernel are painted at once, changes by the browser itself with the browser's next frame.
 * The canvas is painted at most twice for each frame of the browser, and always shows the newest state in the end. A
 * hidden page has no frames, and nothing waits for one there.
 */
export class Repaints {
  readonly #paint: () => void;
  #pending: AbortController | undefined; // set until the browser's next frame
  #wanted = false; // whether to paint in that frame
  #waiting: { resolve(): void; reject(error: unknown): void }[] = [];

  /** @param paint - paints the newest state. */
  constructor(paint: () => void) {
    this.#paint = paint;
  }

  /** Paint now; or in the browser's next frame, if the canvas was already painted since the last one. */
  now(): Promise<void> {
    if (!this.#pending) {
      try {
        this.#paint();
      } catch (error) {
        return Promise.reject(error);
      }
      this.#wanted = false;
      this.#watch();
      return Promise.resolve();
    }
    this.#wanted = true;
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Paint in the browser's next frame. */
  soon(): void {
    this.#wanted = true;
    this.#watch();
  }

  #watch(): void {
    if (this.#pending) {
      return;
    }
    if (document.hidden) {
      this.#next();
      return;
    }
    const pending = new AbortController();
    this.#pending = pending;
    const next = () => {
      if (!pending.signal.aborted) {
        pending.abort();
        this.#next();
      }
    };
    requestAnimationFrame(next);
    document.addEventListener('visibilitychange', next, { signal: pending.signal });
  }

  #next(): void {
    this.#pending = undefined;
    const waiting = this.#waiting.splice(0);
    try {
      if (this.#wanted) {
        this.#wanted = false;
        this.#paint();
      }
      for (const { resolve } of waiting) {
        resolve();
      }
    } catch (error) {
      if (waiting.length === 0) {
        throw error;
      }
      for (const { reject } of waiting) {
        reject(error);
      }
    }
  }
}
