/**
 * The figure in the browser: ipympl's canvas, with frames that are acknowledged.
 *
 * Invariant: every frame of the kernel is painted in order, and then acknowledged if that was asked for, so that no
 * difference image is lost and the kernel knows when to send the next one.
 */
import { DOMWidgetView, type IClassicComm } from '@jupyter-widgets/base';
import { MPLCanvasModel, MPLCanvasView } from 'jupyter-matplotlib';
import metadata from '../package.json';
import { Drags, type Mouse } from './drag';
import { FrameQueue } from './frames';
import { type Box, decodeStream, paintStream, type Stream } from './stream';
import { theme, watchPixelRatio, watchTheme, watchVisibility } from './surroundings';

/** The version of the format that stream.ts reads. */
const STREAM = 1;

/** Messages about the mouse are numbered, and each frame says which its limits were made with. */
const MOUSE = ['button_press', 'button_release', 'dblclick', 'motion_notify', 'scroll'];

/** A frame as it came in: a picture, or what is to be painted over one, or both. */
interface EncodedFrame {
  /** The picture replaces the one before; otherwise it is painted over it. */
  full: boolean;
  png: BlobPart | undefined;
  stream: { message: Record<string, unknown>; data: BlobPart | undefined } | undefined;
}

interface DecodedFrame {
  full: boolean;
  bitmap: ImageBitmap | undefined;
  stream: Stream | undefined;
}

// `declare` on fields: widgets are initialized inside the constructor of their base class, before field initializers run.

export class LiveCanvasModel extends MPLCanvasModel {
  declare private frames: FrameQueue<EncodedFrame, DecodedFrame>;
  declare private painted: boolean;
  /** What this page is called: others may show the same canvas. */
  declare private client: string;
  /** The picture under the stream; offscreen_canvas, which views show, has both. */
  declare private base: HTMLCanvasElement;
  /** What is painted over the base, if anything is. */
  declare private stream: Stream | undefined;
  /** The one that came in last, painted or not. */
  declare private newest: Stream | undefined;
  /** What the mouse has done to the axes that the kernel may not have answered. */
  declare private drags: Drags;
  /** The number of the last message about the mouse. */
  declare private pointer: number;
  /** The repaint that the browser has been asked for. */
  declare private repaint: number | undefined;
  /** The views that a person can see. */
  declare private seen: Set<unknown>;
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
    this.client = Math.random().toString(36).slice(2); // `crypto.randomUUID` is not there on a page without TLS
    this.base = document.createElement('canvas');
    this.seen = new Set();
    this.drags = new Drags();
    this.pointer = 0;
    this.frames = new FrameQueue({
      decode: frame => this.decode(frame),
      paint: frame => this.paint(frame),
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
    this.send_message('ready', {
      device_pixel_ratio: this.ratio,
      theme: theme(),
      room: this.room,
      stream: STREAM,
      visible: this.seen.size > 0,
      time: now(),
    });
  }

  override send_message(type: string, message: Record<string, unknown> = {}): void {
    if (this.disabled) {
      return; // the kernel that knew this figure has gone, and the next one would complain
    }
    const { drags } = this;
    const mouse = message as unknown as Mouse;
    const numbered = { ...message, client: this.client };
    if (type === 'key_press' || type === 'key_release') {
      drags.key = type === 'key_press' ? String(message.key) : undefined;
    }
    if (drags.buttons !== undefined && type === 'motion_notify' && mouse.buttons !== drags.buttons) {
      return; // from before the press, for ipympl sends moves late: Matplotlib would end the drag
    }
    if (drags.buttons !== undefined && type === 'button_release') {
      // Where the button goes up is where the drag ends; the last moves may not have been sent.
      this.send_message('motion_notify', { ...message, buttons: drags.buttons });
    }
    if (MOUSE.includes(type)) {
      this.pointer += 1;
      Object.assign(numbered, { number: this.pointer });
    }
    if (type === 'button_press') {
      drags.press(mouse, this.stream?.panels.find(({ box }) => isIn(mouse, box))?.box);
    } else if (type === 'motion_notify') {
      drags.move(mouse, this.pointer);
    } else if (type === 'button_release') {
      drags.release();
    }
    super.send_message(type, numbered);
  }

  /** Move what is dragged at once; ipympl tells the kernel of some of the moves. */
  drag_to(mouse: Pick<Mouse, 'x' | 'y' | 'buttons'>): void {
    const { drags, pointer } = this;
    if (drags.move(mouse) && this.stream?.panels.some(panel => drags.motion(panel, pointer))) {
      this.repaint ??= requestAnimationFrame(() => {
        this.paint_stream();
        this._for_each_view(view => view.update_canvas());
      });
    }
  }

  /** Tell the kernel when the last view has gone out of sight, or the first has come into it. */
  see(view: unknown, visible: boolean): void {
    const before = this.seen.size > 0;
    this.seen[visible ? 'add' : 'delete'](view);
    if (this.seen.size > 0 !== before) {
      try {
        this.send_message('visible', { visible, time: now() });
      } catch {
        // A notebook that closes takes its views down after the kernel.
      }
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
    this.push(message, { png: buffers?.[0], stream: undefined });
  }

  /** What moves, and the picture under it where that has changed. */
  handle_stream(message: Record<string, unknown>, buffers?: readonly BlobPart[]): void {
    this.push(message, { png: buffers?.[1], stream: { message, data: buffers?.[0] } });
  }

  private push(message: Record<string, unknown>, frame: Omit<EncodedFrame, 'full'>): void {
    const number = typeof message.frame === 'number' ? message.frame : undefined;
    // The mode belongs to this frame: by the time it is decoded, the kernel may have set the next one's.
    void this.frames.push(number, { ...frame, full: this.get('_image_mode') === 'full' }, message.ack !== false);
  }

  private async decode({ full, png, stream }: EncodedFrame): Promise<DecodedFrame> {
    if (png === undefined && stream === undefined) {
      throw new Error('the frame came without a picture');
    }
    if (stream) {
      // Before anything is awaited: the next frame may refer to this one.
      this.newest = decodeStream(stream.message, bytes(stream.data), makeTexture, this.newest);
    }
    const decoded = stream && this.newest;
    const bitmap = png === undefined ? undefined : await createImageBitmap(new Blob([png], { type: 'image/png' }));
    return { full, bitmap, stream: decoded };
  }

  private async paint({ full, bitmap, stream }: DecodedFrame): Promise<void> {
    if (stream && !document.hidden) {
      await new Promise(requestAnimationFrame);
    }
    if (bitmap) {
      this.paint_picture(bitmap, full);
    } else if (stream?.base !== this.stream?.base) {
      throw new Error('the frame was made for a picture that is not shown');
    }
    if (stream) {
      if (bitmap) {
        copy(this.offscreen_canvas, this.base);
      }
      this.stream = stream;
      this.paint_stream();
    }
    this.painted = true;
    this._for_each_view(view => view.update_canvas());
  }

  private paint_picture(bitmap: ImageBitmap, full: boolean): void {
    const { width, height } = this.offscreen_canvas;
    if (full) {
      this.offscreen_context.clearRect(0, 0, width, height);
    } else if (this.stream) {
      this.offscreen_context.drawImage(this.base, 0, 0, width, height);
    }
    this.stream = undefined;
    // Until the kernel knows the size and resolution, a frame is stretched rather than cropped.
    this.offscreen_context.drawImage(bitmap, 0, 0, width, height);
    bitmap.close();
  }

  private paint_stream(): void {
    const { stream, drags } = this;
    const { width, height } = this.offscreen_canvas;
    if (this.repaint !== undefined) {
      cancelAnimationFrame(this.repaint);
      this.repaint = undefined;
    }
    if (stream && width > 0 && height > 0) {
      const handled = stream.pointers[this.client] ?? 0;
      drags.forget(handled);
      this.offscreen_context.clearRect(0, 0, width, height);
      this.offscreen_context.drawImage(this.base, 0, 0, width, height);
      paintStream(this.offscreen_context, stream, width, height, panel => drags.motion(panel, handled));
    }
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
    copy(canvas, before);
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

/** In milliseconds since 1970: messages may overtake each other, on the shell and on the subshell. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

function isIn({ x, y }: Mouse, [left, top, width, height]: Box): boolean {
  return left <= x && x < left + width && top <= y && y < top + height;
}

function copy(from: HTMLCanvasElement, to: HTMLCanvasElement): void {
  to.width = from.width; // clears it, too
  to.height = from.height;
  if (from.width > 0 && from.height > 0) {
    to.getContext('2d')?.drawImage(from, 0, 0);
  }
}

/** What came over the comm, at an address of its own: typed arrays begin at multiples of their size only. */
function bytes(data: BlobPart | undefined): ArrayBuffer {
  if (!ArrayBuffer.isView(data)) {
    throw new Error('the frame came without its data');
  }
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength).slice().buffer;
}

function makeTexture(rgba: Uint8ClampedArray<ArrayBuffer>, width: number, height: number): CanvasImageSource {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d')?.putImageData(new ImageData(rgba, width, height), 0, 0);
  return canvas;
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
    // Before ipympl's own listener, which it calls now and then only.
    const moved = (event: MouseEvent) => {
      const { left, top } = this.top_canvas.getBoundingClientRect();
      const { ratio } = this.model;
      this.model.drag_to({
        x: (event.clientX - left) * ratio,
        y: (event.clientY - top) * ratio,
        buttons: event.buttons,
      });
    };
    this.canvas_div.addEventListener('mousemove', moved, { capture: true });
    const announce = () => this.model.announce(this.el.clientWidth);
    watchTheme(announce, this.watching.signal);
    watchPixelRatio(announce, this.watching.signal);
    this.model.see(this, !document.hidden);
    watchVisibility(this.el, visible => this.model.see(this, visible), this.watching.signal);
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
    this.model.see(this, false);
    super.remove();
    // ipympl does not go on to its base class, whose part takes the view off the page and out of the model's list.
    return DOMWidgetView.prototype.remove.call(this);
  }
}
