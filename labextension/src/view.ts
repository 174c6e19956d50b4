/**
 * One view of a figure: its place on the page, and the mouse and keyboard there.
 *
 * Invariant: after the view has been removed, it watches nothing and listens to nothing.
 */
import { DOMWidgetView } from '@jupyter-widgets/base';
import { MPLCanvasView } from 'jupyter-matplotlib';
import type { LiveCanvasModel } from './figure';
import type { Constraint, Point } from './mouse';
import { watchPixelRatio, watchTheme, watchVisibility } from './surroundings';

export class LiveCanvasView extends MPLCanvasView {
  declare model: LiveCanvasModel;
  declare private watching: AbortController;

  override initialize(...parameters: Parameters<MPLCanvasView['initialize']>): void {
    this.watching = new AbortController();
    super.initialize(...parameters);
  }

  override async render(): Promise<void> {
    await super.render();
    this.el.classList.add('tfw-figure');
    this.canvas_div.setAttribute('role', 'application');
    this._update_figure_label();
    // ipympl shows the toolbar under the mouse. For the keyboard, it is shown while the focus is in the figure.
    this.el.addEventListener('focusin', () => this.toolbar_view.fade_in());
    this.el.addEventListener('focusout', event => {
      this.model.key = undefined; // its release will not be seen here
      if (!(event.relatedTarget instanceof Node && this.el.contains(event.relatedTarget))) {
        this.toolbar_view.fade_out();
      }
    });
    this.canvas_div.addEventListener('mousedown', () => this.follow());
    this.canvas_div.addEventListener('wheel', event => this.turn(event), { capture: true, passive: false });
    const announce = () => this.model.announce(this.el.clientWidth);
    watchTheme(announce, this.watching.signal);
    watchPixelRatio(announce, this.watching.signal);
    this.model.see(this, !document.hidden);
    watchVisibility(this.el, visible => this.model.see(this, visible), this.watching.signal);
    announce();
    // The width of the page is known only when the view is displayed.
    void this.displayed.then(() => requestAnimationFrame(announce));
  }

  /** Follow a drag until it has ended, also outside of the figure. */
  private follow(): void {
    const { mouse } = this.model;
    const end = new AbortController();
    const listen = (type: 'mousemove' | 'mouseup', heard: (event: MouseEvent) => void) => {
      const listener = (event: MouseEvent) => {
        heard(event);
        if (!mouse.dragging) {
          end.abort();
        }
      };
      window.addEventListener(type, listener, { signal: AbortSignal.any([end.signal, this.watching.signal]) });
    };
    if (mouse.dragging) {
      listen('mousemove', event =>
        mouse.move({ ...this.place(event), buttons: event.buttons, key: this.constraint(event) }),
      );
      listen('mouseup', event => mouse.release(this.place(event)));
    }
  }

  private turn(event: WheelEvent): void {
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : 40);
    if (this.model.mouse.wheel({ ...this.place(event), pixels, key: this.constraint(event) })) {
      event.preventDefault(); // otherwise the page scrolls
      event.stopPropagation(); // otherwise ipympl tells the kernel
    }
  }

  private constraint(event: MouseEvent): Constraint | undefined {
    return this.model.key ?? (event.ctrlKey ? 'control' : event.shiftKey ? 'shift' : undefined);
  }

  private place(event: MouseEvent): Point {
    const { left, top } = this.top_canvas.getBoundingClientRect();
    const { ratio } = this.model;
    return { x: (event.clientX - left) * ratio, y: (event.clientY - top) * ratio };
  }

  override _update_figure_label(): void {
    super._update_figure_label();
    this.canvas_div?.setAttribute('aria-label', `Plot: ${this.model.get('_figure_label')}`);
  }

  override update_canvas(stretch = false): void {
    const { width, height } = this.model.offscreen_canvas;
    if (width > 0 && height > 0) {
      super.update_canvas(stretch || width !== this.canvas.width || height !== this.canvas.height);
    }
    const { frame } = this.model.mouse;
    if (frame) {
      const [left, top, right, bottom] = frame.map(place => Math.floor(place / this.model.ratio) + 0.5);
      this.top_context.strokeStyle = 'gray';
      this.top_context.strokeRect(left ?? 0, top ?? 0, (right ?? 0) - (left ?? 0), (bottom ?? 0) - (top ?? 0));
    }
  }

  override key_event(name: string): (event: KeyboardEvent) => unknown {
    const handle = super.key_event(name);
    // Matplotlib takes all keys while the figure has the focus. But Tab must be able to move the focus away.
    return event => (event.key === 'Tab' ? undefined : handle(event));
  }

  override remove() {
    this.watching.abort();
    this.model.see(this, false);
    super.remove();
    // ipympl's `remove` does not call that of its base class, which takes the view off the page and out of the model.
    return DOMWidgetView.prototype.remove.call(this);
  }
}
