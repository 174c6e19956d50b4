/**
 * The figure in this page, shared by its views: ipympl's canvas, which shows the painted scene or Agg's picture.
 *
 * Invariant: frames are shown in the order of arrival, and then acknowledged if the kernel has asked for that. A patch
 * that does not fit the scene is not applied, and the page asks for a keyframe.
 */
import { MPLCanvasModel } from 'jupyter-matplotlib';
import metadata from '../package.json';
import { FrameQueue } from './frames';
import { type Constraint, Mouse } from './mouse';
import { paintScene } from './paint';
import { type SceneMessage, VERSION, type ViewMessage } from './protocol';
import { bytesOf, readScene } from './reader';
import { Repaints } from './repaints';
import { Scene } from './scene';
import { theme } from './surroundings';
import { Textures } from './textures';

export { LiveCanvasView } from './view';

const KEYFRAME_INTERVAL = 100; // ms between two requests of a keyframe

/** The keys that constrain a drag, by ipympl's names. */
const CONSTRAINTS: Record<string, Constraint> = { kx: 'x', ky: 'y', kControl: 'control', kShift: 'shift' };

/** A picture, which replaces the one before or is painted over it; or whether to show the scene. */
type Encoded = { readonly png: unknown; readonly full: boolean } | { readonly show: boolean } | Error;
type Decoded = { readonly bitmap: ImageBitmap; readonly full: boolean } | { readonly show: boolean };

// Fields have `declare`, because the constructor of the base class calls `initialize` before field initializers run.

export class LiveCanvasModel extends MPLCanvasModel {
  /** Pan and zoom of the scene's panels. */
  declare mouse: Mouse;
  /** The key that is down. */
  declare key: Constraint | undefined;
  declare private scene: Scene;
  declare private textures: Textures;
  declare private frames: FrameQueue<Encoded, Decoded>;
  declare private repaints: Repaints;
  /** Agg's newest picture. Views show the offscreen_canvas, which has this picture or the scene. */
  declare private picture: HTMLCanvasElement;
  declare private shown: 'nothing' | 'scene' | 'picture';
  /** Whether the scene has changed since it was painted. */
  declare private is_stale: boolean;
  /** The name of this page: others may show the same figure. */
  declare private client: string;
  /** The views that a person can see. */
  declare private seen: Set<unknown>;
  /** The width that the page has for the figure, in CSS pixels. */
  declare private room?: number;
  /** When a keyframe was last asked for. */
  declare private asked_at: number;
  /** Whether the last press of a button was for a tool of ours, so the kernel was not told of it. */
  declare private is_ours: boolean;

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
    this.client = Math.random().toString(36).slice(2); // `crypto.randomUUID` is not there on a page without TLS
    this.seen = new Set();
    this.shown = 'nothing';
    this.is_stale = false;
    this.asked_at = Number.NEGATIVE_INFINITY;
    this.is_ours = false;
    this.picture = document.createElement('canvas');
    this.scene = new Scene();
    this.textures = new Textures(makeSource);
    this.repaints = new Repaints(() => this.repaint());
    this.mouse = new Mouse({
      panels: () => this.scene.layers.flatMap(layer => ('items' in layer ? [[layer.id, layer.node] as const] : [])),
      tool: () => this.tool(),
      changed: () => {
        if (this.mouse.limits.size > 0) {
          this.shown = 'scene'; // also in place of a picture, until the next picture has the new limits
        }
        this.repaints.soon();
      },
      tell: view => this.send_message('view', view satisfies Omit<ViewMessage, 'type' | 'client'>),
    });
    this.frames = new FrameQueue({
      decode,
      paint: frame => this.show(frame),
      acknowledge: (frame, error) => this.send_message('frame_ack', error === undefined ? { frame } : { frame, error }),
    });
    super.initialize(...parameters);
  }

  // -- messages to the kernel

  /** Tell the kernel that a view is there, and its resolution, theme, width and visibility. */
  announce(room: number): void {
    if (room > 0) {
      this.room = room;
    }
    if (this.ratio !== window.devicePixelRatio) {
      this.ratio = window.devicePixelRatio;
      this.resize_canvas();
      this._for_each_view(view => view.resize_and_update_canvas(this.size));
    }
    this.send_message('ready', {
      device_pixel_ratio: this.ratio,
      theme: theme(),
      ...(this.room === undefined ? {} : { room: this.room }),
      visible: this.seen.size > 0,
      scene: VERSION,
    });
  }

  /** Note whether a view is in sight. Tell the kernel when the figure has come into sight, or has gone out of it. */
  see(view: unknown, visible: boolean): void {
    const before = this.seen.size > 0;
    this.seen[visible ? 'add' : 'delete'](view);
    if (this.seen.size > 0 !== before) {
      try {
        this.send_message('visible', { visible });
      } catch {
        // A notebook that is closed removes its views after the kernel has gone.
      }
    }
  }

  /** Send a message, unless it is an event of the mouse or the keyboard that a tool of this page handles. */
  override send_message(type: string, message: Record<string, unknown> = {}): void {
    if (this.disabled) {
      return; // the kernel of this figure has gone, and a new one would not know the figure
    }
    if (!this.takes(type, message)) {
      super.send_message(type, { ...message, client: this.client });
    }
  }

  private takes(type: string, { x, y, button, buttons, key }: Record<string, unknown>): boolean {
    const place = { x: Number(x), y: Number(y) };
    switch (type) {
      case 'key_press':
        this.key = CONSTRAINTS[String(key)];
        return key === 'kEscape' && this.mouse.escape();
      case 'key_release':
        this.key = undefined;
        return false;
      case 'button_press':
        this.is_ours = this.mouse.press({ ...place, button: Number(button) });
        return this.is_ours;
      case 'button_release':
        this.mouse.release(place);
        return this.is_ours;
      case 'motion_notify':
        // ipympl sends moves late: a move from before a drag may come during it, and one of the drag after it.
        this.is_ours &&= this.mouse.dragging || buttons !== 0;
        return this.is_ours;
      default:
        return false;
    }
  }

  private tool(): 'pan' | 'zoom' | undefined {
    const action: unknown = this.get('toolbar')?.get('_current_action');
    return action === 'pan' || action === 'zoom' ? action : undefined;
  }

  private ask_for_keyframe(): void {
    const now = performance.now();
    if (now - this.asked_at >= KEYFRAME_INTERVAL) {
      this.asked_at = now;
      this.send_message('keyframe');
    }
  }

  // -- messages of the kernel

  override on_comm_message(content: unknown, buffers?: readonly unknown[]): void {
    try {
      if (isObject(content) && content.type === 'scene') {
        this.handle_scene(content, buffers);
      } else {
        super.on_comm_message(content, buffers);
      }
    } catch (error) {
      console.warn('tfwidget: the figure could not handle a message from the kernel', content, error);
    }
  }

  private handle_scene(content: Record<string, unknown>, buffers?: readonly unknown[]): void {
    let message: SceneMessage;
    try {
      message = readScene(content);
      if (this.scene.apply(message, bytesOf(buffers?.[0])) === 'gap') {
        this.ask_for_keyframe();
        this.update_widgets(message.updates);
        return;
      }
    } catch (error) {
      const frame = typeof content.frame === 'number' ? content.frame : undefined;
      void this.frames.push(frame, error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (message.base === null) {
      this.asked_at = Number.NEGATIVE_INFINITY;
    }
    this.is_stale = true;
    this.mouse.handled(message.handled[this.client] ?? 0);
    this.update_widgets(message.updates);
    void this.frames.push(message.frame, { show: message.show }, message.ack);
  }

  /** Set the state of other widgets, which belongs to this frame. */
  private update_widgets(updates: SceneMessage['updates']): void {
    for (const [id, state] of Object.entries(updates)) {
      if (this.widget_manager.has_model(id)) {
        void this.widget_manager.get_model(id).then(model => model.set_state(state));
      }
    }
  }

  override handle_binary(message: Record<string, unknown>, buffers?: readonly unknown[]): void {
    if (this.image.src) {
      // The picture of a saved notebook may still be loading, and must not be painted over this frame.
      this.image.onload = null;
      this.image = new Image();
    }
    // Reset on arrival, not when the frame is painted: what the kernel offers from now on is newer than this frame.
    this.waiting_for_image = false;
    const frame = typeof message.frame === 'number' ? message.frame : undefined;
    // Read now: when this frame is decoded, the kernel may have set the mode of the next one.
    const full = this.get('_image_mode') === 'full';
    void this.frames.push(frame, { png: buffers?.[0], full }, message.ack !== false);
  }

  /** Handle a sync: the kernel has been quiet for a while, and says which version it has sent last. */
  handle_sync({ version, frame, ack }: Record<string, unknown>): void {
    if (version !== this.scene.version) {
      this.ask_for_keyframe();
    } else if (ack === true && typeof frame === 'number') {
      void this.frames.push(frame, { show: false });
    }
  }

  /** Take over the size that the kernel has rounded, unless this page has asked for another one meanwhile. */
  override handle_resize(message: Record<string, unknown>): void {
    super.handle_resize(message);
    if (!this.resize_requested) {
      this._for_each_view(view => view.resize_and_update_canvas(this.size));
    }
  }

  // -- painting

  private async show(frame: Decoded): Promise<void> {
    if ('bitmap' in frame) {
      paintPicture(this.picture, frame.bitmap, frame.full);
      if (this.mouse.limits.size > 0) {
        return; // a person has set other limits meanwhile; the next picture will have them
      }
      this.shown = 'picture';
      this.repaint();
    } else if (frame.show && (this.shown !== 'scene' || this.is_stale)) {
      this.shown = 'scene';
      await this.repaints.now();
    }
  }

  private repaint(): void {
    const { offscreen_canvas: canvas, offscreen_context: context } = this;
    const { width, height } = canvas;
    if (width > 0 && height > 0 && this.shown !== 'nothing') {
      context.clearRect(0, 0, width, height);
      if (this.shown === 'scene') {
        this.is_stale = false;
        paintScene(context, this.scene, this.textures, [width, height], this.mouse.limits);
      } else {
        // Until the kernel knows size and resolution, pictures are stretched, not cropped.
        context.drawImage(this.picture, 0, 0, width, height);
      }
    }
    this._for_each_view(view => view.update_canvas());
  }

  /** Resize the canvas. Its content is stretched until the kernel has drawn the figure in the new size. */
  override resize_canvas(): void {
    const { offscreen_canvas: canvas, offscreen_context: context } = this;
    const before = document.createElement('canvas');
    before.width = canvas.width;
    before.height = canvas.height;
    const has_pixels = before.width > 0 && before.height > 0;
    if (has_pixels) {
      before.getContext('2d')?.drawImage(canvas, 0, 0);
    }
    super.resize_canvas();
    if (has_pixels) {
      context.drawImage(before, 0, 0, canvas.width, canvas.height);
    }
  }

  /** Return the state that is saved in a notebook, with the picture as text. */
  override get_state(drop_defaults?: boolean) {
    if (this.shown !== 'nothing') {
      this.set('_data_url', this.offscreen_canvas.toDataURL());
    }
    return super.get_state(drop_defaults);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

async function decode(frame: Encoded): Promise<Decoded> {
  if (frame instanceof Error) {
    throw frame;
  }
  if ('show' in frame) {
    return frame;
  }
  if (frame.png === undefined) {
    throw new Error('the frame came without a picture');
  }
  const blob = new Blob([bytesOf(frame.png).slice()], { type: 'image/png' });
  return { bitmap: await createImageBitmap(blob), full: frame.full };
}

function paintPicture(canvas: HTMLCanvasElement, bitmap: ImageBitmap, full: boolean): void {
  if (full) {
    canvas.width = bitmap.width; // clears it, too
    canvas.height = bitmap.height;
  }
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  bitmap.close();
}

function makeSource(rgba: Uint8ClampedArray<ArrayBuffer>, columns: number, rows: number): CanvasImageSource {
  const canvas = document.createElement('canvas');
  canvas.width = columns;
  canvas.height = rows;
  canvas.getContext('2d')?.putImageData(new ImageData(rgba, columns, rows), 0, 0);
  return canvas;
}
