/**
 * The figure in the browser: ipympl's canvas, with frames that are acknowledged.
 *
 * Invariant: every frame of the kernel is painted in order and then acknowledged, so that no difference image is lost
 * and the kernel knows when to send the next one.
 */
import { DOMWidgetView, type IClassicComm } from '@jupyter-widgets/base';
import { MPLCanvasModel, MPLCanvasView } from 'jupyter-matplotlib';
import metadata from '../package.json';
import { FrameQueue } from './frames';
import { theme, watchPixelRatio, watchTheme } from './surroundings';

// `declare` on fields: widgets are initialized inside the constructor of their base class, before field initializers run.

export class LiveCanvasModel extends MPLCanvasModel {
  declare private frames: FrameQueue<ImageBitmap>;
  declare private painted: boolean;
  /** The width that the page has for the figure, in CSS pixels. */
  declare private room?: number;
  /** In JupyterLab, a wrapper of the comm proper (JupyterLab 4.4: `CommHandler` in @jupyterlab/services). */
  declare comm?: IClassicComm & { jsServicesComm?: { subshellId?: string | null; subshellStarted?: Promise<void> } };

  override defaults() {
    return {
      ...super.defaults(),
      _model_name: 'LiveCanvasModel',
      _model_module: metadata.name,
      _model_module_version: `^${metadata.version}`,
      _view_name: 'LiveCanvasView',
      _view_module: metadata.name,
      _view_module_version: `^${metadata.version}`,
    };
  }

  override initialize(...parameters: Parameters<MPLCanvasModel['initialize']>): void {
    this.painted = false;
    this.frames = new FrameQueue({
      decode: data => createImageBitmap(new Blob([data], { type: 'image/png' })),
      paint: (bitmap, full) => this.paint(bitmap, full),
      acknowledge: (frame, error) => this.send_message('frame_ack', error === undefined ? { frame } : { frame, error }),
    });
    super.initialize(...parameters);
  }

  /** Tell the kernel that a view is there, and what it must draw for. */
  announce(room: number): void {
    if (room > 0) {
      this.room = room;
    }
    if (this.ratio !== window.devicePixelRatio) {
      this.ratio = window.devicePixelRatio;
      this.resize_canvas();
      this._for_each_view(view => view.resize_and_update_canvas(this.size));
    }
    this.send_ready();
    // JupyterLab makes the subshell that takes widgets' messages after the comm. What is sent before goes to the main shell,
    // where it waits for the running cell to end: say it again where it is heard.
    const comm = this.comm?.jsServicesComm;
    if (comm && !comm.subshellId) {
      comm.subshellStarted?.then(
        () => this.send_ready(),
        () => undefined,
      );
    }
  }

  private send_ready(): void {
    if (!this.disabled) {
      this.send_message('ready', { device_pixel_ratio: this.ratio, theme: theme(), room: this.room });
    }
  }

  override on_comm_message(event: unknown, buffers?: readonly BlobPart[]): void {
    try {
      super.on_comm_message(event, buffers);
    } catch (error) {
      console.warn('tfwidget: the figure could not handle a message from the kernel', event, error);
    }
  }

  override handle_binary(message: Record<string, unknown>, buffers?: readonly BlobPart[]): void {
    if (this.image.src) {
      // The still picture may be loading yet, and must not come out on top of this frame.
      this.image.onload = null;
      this.image = new Image();
    }
    // As it comes in, not when it is painted: what the kernel offers to draw from now on is newer than this frame.
    this.waiting_for_image = false;
    const number = typeof message.frame === 'number' ? message.frame : undefined;
    // The mode belongs to this frame: by the time it is decoded, the kernel may have set the next one's.
    const full = this.get('_image_mode') === 'full';
    void this.frames.push({ number, full, data: buffers?.[0] });
  }

  private paint(bitmap: ImageBitmap, full: boolean): void {
    const { width, height } = this.offscreen_canvas;
    if (full) {
      this.offscreen_context.clearRect(0, 0, width, height);
    }
    // Until the kernel knows the size and resolution, a frame is stretched rather than cropped.
    this.offscreen_context.drawImage(bitmap, 0, 0, width, height);
    bitmap.close();
    this.painted = true;
    this._for_each_view(view => view.update_canvas());
  }

  /** The kernel rounds the size that was asked for: take it over, unless another has been asked for meanwhile. */
  override handle_resize(message: Record<string, unknown>): void {
    super.handle_resize(message);
    if (!this.resize_requested) {
      this._for_each_view(view => view.resize_and_update_canvas(this.size));
    }
  }

  /** Keep the picture, stretched, until the kernel has drawn one of the new size. */
  override resize_canvas(): void {
    const { offscreen_canvas: canvas, offscreen_context: context } = this;
    const before = document.createElement('canvas');
    before.width = canvas.width;
    before.height = canvas.height;
    if (canvas.width > 0 && canvas.height > 0) {
      before.getContext('2d')?.drawImage(canvas, 0, 0);
    }
    super.resize_canvas();
    if (before.width > 0 && before.height > 0) {
      context.drawImage(before, 0, 0, canvas.width, canvas.height);
    }
  }

  /** The state a notebook is saved with: the one place that needs the picture as text. */
  override get_state(drop_defaults?: boolean) {
    if (this.painted) {
      this.set('_data_url', this.offscreen_canvas.toDataURL());
    }
    return super.get_state(drop_defaults);
  }
}

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
    // The toolbar shows under the mouse; for the keyboard, while the focus is in the figure.
    this.el.addEventListener('focusin', () => this.toolbar_view.fade_in());
    this.el.addEventListener('focusout', event => {
      if (!this.el.contains(event.relatedTarget as Node | null)) {
        this.toolbar_view.fade_out();
      }
    });
    const announce = () => this.model.announce(this.el.clientWidth);
    watchTheme(announce, this.watching.signal);
    watchPixelRatio(announce, this.watching.signal);
    announce();
    // Only now it is known how wide the page is.
    void this.displayed.then(() => requestAnimationFrame(announce));
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
  }

  override key_event(name: string): (event: KeyboardEvent) => unknown {
    const handle = super.key_event(name);
    // Matplotlib takes every key while the figure has the focus, but the keyboard must be able to leave it.
    return event => (event.key === 'Tab' ? undefined : handle(event));
  }

  override remove() {
    this.watching.abort();
    super.remove();
    // ipympl does not go on to its base class, whose part takes the view off the page and out of the model's list.
    return DOMWidgetView.prototype.remove.call(this);
  }
}
