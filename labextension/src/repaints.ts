/**
 * When the canvas is painted.
 *
 * Invariant: what the kernel sends is painted as it comes, and what the browser itself moves with the browser's next
 * frame; but while more comes than the browser can show, only the last is painted. On a page that is not seen, which
 * has no frames, nothing waits.
 */
export class Repaints {
  readonly #paint: () => void;
  #pending: AbortController | undefined; // until the browser's next frame
  #wanted = false; // in that frame
  #waiting: { resolve(): void; reject(error: unknown): void }[] = [];

  /** @param paint - paints the newest. */
  constructor(paint: () => void) {
    this.#paint = paint;
  }

  /** Paint now; or with the browser's next frame, if the browser has yet to show what was painted last. */
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

  /** Paint with the browser's next frame. */
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
