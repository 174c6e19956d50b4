import { beforeEach, expect, test, vi } from 'vitest';

/** As much of the base classes, which need a browser, as the figure is built on. */
const base = vi.hoisted(() => {
  class WidgetView {
    removed = 0;
    remove() {
      this.removed += 1;
      return this;
    }
  }
  class MPLCanvasModel {
    sent: Record<string, unknown>[] = [];
    attributes: Record<string, unknown> = { _image_mode: 'full', _data_url: null };
    image = { src: 'data:still', onload: () => undefined };
    ratio = 1;
    size = [6, 4];
    disabled = false;
    waiting_for_image = false;
    calls: string[] = [];
    offscreen_canvas = { width: 6, height: 4, toDataURL: () => 'data:newest' };
    offscreen_context = {
      save: () => undefined,
      restore: () => undefined,
      scale: () => undefined,
      clearRect: () => this.calls.push('clear'),
      drawImage: (picture: { name: string }, ...place: number[]) => this.calls.push(`${picture.name} ${place}`),
    };
    view = { update_canvas: () => this.calls.push('view'), resize_and_update_canvas: () => this.calls.push('resize') };
    constructor() {
      this.initialize();
    }
    initialize() {}
    defaults() {
      return { _model_name: 'MPLCanvasModel', toolbar: null };
    }
    get(name: string) {
      return this.attributes[name];
    }
    set(name: string, value: unknown) {
      this.attributes[name] = value;
    }
    get_state() {
      return { ...this.attributes };
    }
    send_message(type: string, message = {}) {
      this.sent.push({ type, ...message });
    }
    resize_requested = false;
    handle_resize(message: { next?: boolean }) {
      this.resize_requested = message.next === true;
    }
    on_comm_message(event: { data: string }) {
      JSON.parse(event.data);
    }
    resize_canvas() {
      this.offscreen_canvas.width = this.size[0] * this.ratio;
      this.offscreen_canvas.height = this.size[1] * this.ratio;
    }
    _for_each_view(callback: (view: unknown) => void) {
      callback(this.view);
    }
  }
  class MPLCanvasView extends WidgetView {
    key_event(name: string) {
      return (event: { key: string }) => `${name} ${event.key}`;
    }
  }
  return { DOMWidgetView: WidgetView, MPLCanvasModel, MPLCanvasView };
});
vi.mock('@jupyter-widgets/base', () => ({ DOMWidgetView: base.DOMWidgetView }));
vi.mock('jupyter-matplotlib', () => ({ MPLCanvasModel: base.MPLCanvasModel, MPLCanvasView: base.MPLCanvasView }));

const { LiveCanvasModel, LiveCanvasView } = await import('../src/figure');

type Model = InstanceType<typeof LiveCanvasModel> & InstanceType<typeof base.MPLCanvasModel>;
const make = () => new (LiveCanvasModel as unknown as new () => Model)();

/** What the model has told the kernel, but for its own name. */
const said = (model: Model) => model.sent.map(({ client, ...message }) => message);

/** Let every promise that can go on do so. */
const settle = () => new Promise<void>(resolve => setTimeout(resolve));

const page = { devicePixelRatio: 1 };
let close: ReturnType<typeof vi.fn>;

beforeEach(() => {
  close = vi.fn();
  page.devicePixelRatio = 1;
  vi.stubGlobal('window', page);
  vi.stubGlobal('document', {
    body: { dataset: { jpThemeLight: 'false' } },
    createElement: () => ({ name: 'copy', width: 0, height: 0, getContext: () => ({ drawImage: () => undefined }) }),
  });
  vi.stubGlobal('Image', class {});
  vi.stubGlobal('createImageBitmap', async (blob: Blob) => ({ name: await blob.text(), close }));
});

test('a frame is painted over the whole canvas, shown, and acknowledged', async () => {
  const model = make();
  model.handle_binary({ frame: 3 }, ['png']);
  await settle();
  expect(model.calls).toEqual(['clear', 'png 0,0,6,4', 'view']);
  expect(said(model)).toEqual([{ type: 'frame_ack', frame: 3 }]);
  expect(close).toHaveBeenCalledOnce();
});

test('a frame is painted in the mode it came in, though the kernel has set another since', async () => {
  const model = make();
  model.handle_binary({ frame: 1 }, ['first']);
  model.set('_image_mode', 'diff');
  model.handle_binary({ frame: 2 }, ['second']);
  model.set('_image_mode', 'full');
  await settle();
  expect(model.calls).toEqual(['clear', 'first 0,0,6,4', 'view', 'second 0,0,6,4', 'view']);
});

test('another frame may be asked for as soon as one has come in, for it may be older than the change', () => {
  const model = make();
  model.waiting_for_image = true;
  model.handle_binary({ frame: 1 }, ['png']);
  expect(model.waiting_for_image).toBe(false);
});

/** A list that shows nothing, made for a base. */
const list = (base: number) => ({ base, size: [6, 4], panels: [] });
const nothing = new DataView(new ArrayBuffer(0));

test('what moves is painted over the base that it came with or that is shown, when the browser paints', async () => {
  let browser_paints: (() => void) | undefined;
  vi.stubGlobal('requestAnimationFrame', (callback: () => void) => {
    browser_paints = callback;
  });
  const model = make();
  model.handle_stream({ frame: 1, ...list(1) }, [nothing, 'base']);
  await settle();
  expect(model.calls).toEqual([]);
  browser_paints?.();
  await settle();
  expect(model.calls).toEqual(['clear', 'base 0,0,6,4', 'clear', 'copy 0,0,6,4', 'view']);
  model.calls.length = 0;
  model.handle_stream({ frame: 2, ...list(1) }, [nothing]);
  await settle();
  browser_paints?.();
  await settle();
  expect(model.calls).toEqual(['clear', 'copy 0,0,6,4', 'view']);
  expect(said(model)).toEqual([
    { type: 'frame_ack', frame: 1 },
    { type: 'frame_ack', frame: 2 },
  ]);
});

test('on a page that is not seen, and so never painted, nothing waits', async () => {
  Object.assign(document, { hidden: true });
  const model = make();
  model.handle_stream({ frame: 1, ...list(1) }, [nothing, 'base']);
  await settle();
  expect(said(model)).toEqual([{ type: 'frame_ack', frame: 1 }]);
});

test('what was made for another base is not painted', async () => {
  Object.assign(document, { hidden: true });
  const model = make();
  model.handle_stream({ frame: 1, ...list(1) }, [nothing]);
  model.handle_stream({ frame: 2, ...list(1) }, [nothing, 'base']);
  model.handle_stream({ frame: 3, ...list(2) }, [nothing]);
  model.handle_binary({ frame: 4 }, ['all']);
  model.handle_stream({ frame: 5, ...list(1) }, [nothing]);
  await settle();
  const error = 'the frame was made for a picture that is not shown';
  expect(said(model)).toEqual([
    { type: 'frame_ack', frame: 1, error },
    { type: 'frame_ack', frame: 2 },
    { type: 'frame_ack', frame: 3, error },
    { type: 'frame_ack', frame: 4 },
    { type: 'frame_ack', frame: 5, error },
  ]);
});

test('a difference is one to the base, without what moved over it', async () => {
  Object.assign(document, { hidden: true });
  const model = make();
  model.handle_stream({ frame: 1, ...list(1) }, [nothing, 'base']);
  model.set('_image_mode', 'diff');
  await settle();
  model.calls.length = 0;
  model.handle_binary({ frame: 2 }, ['all']);
  await settle();
  expect(model.calls).toEqual(['copy 0,0,6,4', 'all 0,0,6,4', 'view']);
});

test('the kernel is told when the last view goes out of sight, and when the first comes into it', () => {
  const model = make();
  model.see('left', true);
  model.see('right', true);
  model.see('left', false);
  expect(said(model)).toEqual([{ type: 'visible', visible: true, time: expect.any(Number) }]);
  model.see('right', false);
  model.see('right', false);
  expect(said(model).slice(1)).toEqual([{ type: 'visible', visible: false, time: expect.any(Number) }]);
});

test('each page goes by a name of its own, in everything that it says', () => {
  const [one, other] = [make(), make()];
  for (const model of [one, other]) {
    model.see('view', true);
    model.announce();
  }
  const names = (model: Model) => [...new Set(model.sent.map(message => message.client))];
  expect(names(one)).toEqual([expect.stringMatching(/^\w{5,20}$/)]);
  expect(names(other)).not.toEqual(names(one));
});

test('a picture that cannot be decoded is reported', async () => {
  vi.stubGlobal('createImageBitmap', () => Promise.reject(new Error('no PNG')));
  const model = make();
  model.handle_binary({ frame: 1 }, ['junk']);
  model.handle_binary({ frame: 2 });
  await settle();
  expect(said(model)).toEqual([
    { type: 'frame_ack', frame: 1, error: 'no PNG' },
    { type: 'frame_ack', frame: 2, error: 'the frame came without a picture' },
  ]);
});

test('the still picture of a saved notebook cannot come out over a frame', () => {
  const model = make();
  const still = model.image;
  model.handle_binary({ frame: 1 }, ['png']);
  expect(still.onload).toBeNull();
  expect(model.image).not.toBe(still);
});

test.each([{ data: 'no JSON' }, { data: undefined }, {}, null])('a malformed message, %o, is only warned of', event => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  make().on_comm_message(event);
  expect(warn).toHaveBeenCalledOnce();
  warn.mockRestore();
});

test('the picture becomes text only when the notebook is saved with it', async () => {
  const model = make();
  expect(model.get_state()).toMatchObject({ _data_url: null });
  model.handle_binary({ frame: 1 }, ['png']);
  await settle();
  expect(model.get('_data_url')).toBeNull();
  expect(model.get_state()).toMatchObject({ _data_url: 'data:newest' });
});

test('a view is announced with the theme and the pixel ratio', () => {
  const model = make();
  model.announce();
  expect(said(model)).toEqual([
    { type: 'ready', device_pixel_ratio: 1, theme: 'dark', stream: 1, visible: false, time: expect.any(Number) },
  ]);
  expect(model.calls).toEqual([]);
});

test('another pixel ratio stretches what there is until the kernel has drawn anew', () => {
  const model = make();
  page.devicePixelRatio = 2;
  model.announce();
  expect(model.calls).toEqual(['copy 0,0,12,8', 'resize']);
  expect(said(model)).toEqual([
    { type: 'ready', device_pixel_ratio: 2, theme: 'dark', stream: 1, visible: false, time: expect.any(Number) },
  ]);
});

test('the views take over the size that the kernel answered with, unless another is on its way', () => {
  const model = make();
  model.handle_resize({ next: true });
  expect(model.calls).toEqual([]);
  model.handle_resize({});
  expect(model.calls).toEqual(['resize']);
});

test('what was said before there was a subshell is said again when there is one', async () => {
  const model = make();
  model.comm = { jsServicesComm: { subshellId: null, subshellStarted: Promise.resolve() } } as Model['comm'];
  model.announce();
  await settle();
  expect(model.sent.map(message => message.type)).toEqual(['ready', 'ready']);
  model.comm = {
    jsServicesComm: { subshellId: '1', subshellStarted: Promise.reject(new Error('never heard')) },
  } as Model['comm'];
  model.comm?.jsServicesComm?.subshellStarted?.catch(() => undefined);
  model.announce();
  await settle();
  expect(said(model)).toHaveLength(3);
});

test('nothing is sent where no kernel is', () => {
  const model = make();
  model.disabled = true;
  model.announce();
  expect(said(model)).toEqual([]);
});

test('the widgets go by the name and version of this package', () => {
  expect(make().defaults()).toMatchObject({
    _model_module: 'tfwidget',
    _view_module: 'tfwidget',
    _model_name: 'LiveCanvasModel',
    _view_name: 'LiveCanvasView',
    toolbar: null,
  });
});

test('Tab leaves the figure; every other key is its own', () => {
  const press = LiveCanvasView.prototype.key_event.call(
    Object.create(LiveCanvasView.prototype),
    'key_press',
  ) as unknown as (event: { key: string }) => unknown;
  expect(press({ key: 'Tab' })).toBeUndefined();
  expect(press({ key: 'p' })).toBe('key_press p');
});

test('a removed view watches nothing and is taken off the page', () => {
  const watching = new AbortController();
  const model = make();
  const view = Object.assign(Object.create(LiveCanvasView.prototype), { watching, removed: 0, model });
  view.remove();
  expect(watching.signal.aborted).toBe(true);
  expect(view.removed).toBeGreaterThan(0);
});
