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
      ...Object.fromEntries(
        ['save', 'restore', 'scale', 'beginPath', 'rect', 'clip'].map(name => [name, () => undefined]),
      ),
      moveTo: (x: number, y: number) => this.calls.push(`moveTo ${x},${y}`),
      lineTo: (x: number, y: number) => this.calls.push(`lineTo ${x},${y}`),
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

/** A model that shows an axes, which the pan tool drags, and what the browser paints when it does. */
async function draggable() {
  const paints: (() => void)[] = [];
  vi.stubGlobal('requestAnimationFrame', (callback: () => void) => paints.push(callback));
  vi.stubGlobal('cancelAnimationFrame', (number: number) => {
    paints[number - 1] = () => undefined;
  });
  Object.assign(document, { hidden: true });
  const model = make();
  const send = async (frame: number, handled: number) => {
    const points = new Float32Array([1, 1, 2, 2]);
    const item = { kind: 'path', clip: true, closed: false, snap: false, at: 0, points: 2, follows: 'xy' };
    const panels = [{ box: [0, 0, 6, 4], drag: [0], items: [item] }];
    const pointers = { [(model as unknown as { client: string }).client]: handled, other: 99 };
    const lists = { frame, base: 1, size: [6, 4], pointers, panels };
    model.handle_stream(lists, [new DataView(points.buffer), 'base']);
    await settle();
  };
  const lines = () => model.calls.filter(call => /^(move|line)To/.test(call)).slice(-2);
  const mouse = (type: string, x: number, y: number, buttons: number) =>
    model.send_message(type, { x, y, button: 0, buttons });
  await send(1, 0);
  model.calls.length = 0;
  model.sent.length = 0;
  return { model, send, lines, mouse, paint: () => paints.splice(0).forEach(callback => void callback()) };
}

test('what is dragged is painted anew, once, when the browser paints; what the kernel has answered is not moved', async () => {
  const { model, send, lines, mouse, paint } = await draggable();
  mouse('button_press', 3, 2, 1);
  model.drag_to({ x: 4, y: 2, buttons: 1 });
  model.drag_to({ x: 5, y: 3, buttons: 1 });
  expect(model.calls).toEqual([]);
  paint();
  expect(lines()).toEqual(['moveTo 3,2', 'lineTo 4,3']);
  expect(model.calls.filter(call => call === 'view')).toHaveLength(1);
  mouse('motion_notify', 5, 3, 1);
  model.drag_to({ x: 5, y: 3, buttons: 1 });
  await send(2, 1);
  model.calls.push('by the frame itself');
  paint();
  expect(model.calls.at(-1)).toBe('by the frame itself');
  await send(2, 1);
  expect(lines()).toEqual(['moveTo 3,2', 'lineTo 4,3']);
  await send(3, 2);
  expect(lines()).toEqual(['moveTo 1,1', 'lineTo 2,2']);
  model.drag_to({ x: 1, y: 1, buttons: 0 });
  paint();
  expect(lines()).toEqual(['moveTo 1,1', 'lineTo 2,2']);
  model.calls.length = 0;
  model.drag_to({ x: 2, y: 2, buttons: 1 });
  paint();
  expect(model.calls).toEqual([]);
});

test('where the button goes up is where the kernel is told the drag ended', async () => {
  const { model, lines, mouse, paint } = await draggable();
  mouse('button_press', 3, 2, 1);
  model.drag_to({ x: 4, y: 2, buttons: 1 });
  paint();
  expect(lines()).toEqual(['moveTo 2,1', 'lineTo 3,2']);
  model.calls.length = 0;
  mouse('button_release', 5, 3, 0);
  mouse('motion_notify', 4, 2, 1); // late
  model.drag_to({ x: 1, y: 1, buttons: 0 });
  paint();
  expect(model.calls).toEqual([]);
  expect(said(model).map(({ type, x, y, buttons, number }) => [type, x, y, buttons, number])).toEqual([
    ['button_press', 3, 2, 1, 1],
    ['motion_notify', 5, 3, 1, 2],
    ['button_release', 5, 3, 0, 3],
    ['motion_notify', 4, 2, 1, 4],
  ]);
});

test('a move from before the press, sent late, does not end the drag', async () => {
  const { model, mouse } = await draggable();
  mouse('button_press', 3, 2, 1);
  mouse('motion_notify', 1, 1, 0);
  expect(said(model).map(message => message.type)).toEqual(['button_press']);
  model.drag_to({ x: 1, y: 1, buttons: 0 }); // it went up outside
  mouse('motion_notify', 1, 1, 0);
  expect(said(model).map(message => message.type)).toEqual(['button_press', 'motion_notify']);
});

test('a key that keeps the drag to one direction is heeded', async () => {
  const { model, lines, mouse, paint } = await draggable();
  mouse('button_press', 3, 2, 1);
  model.send_message('key_press', { key: 'kx' });
  model.drag_to({ x: 5, y: 3, buttons: 1 });
  paint();
  expect(lines()).toEqual(['moveTo 3,1', 'lineTo 4,2']);
  model.send_message('key_release', { key: 'kx' });
  model.drag_to({ x: 5, y: 3, buttons: 1 });
  paint();
  expect(lines()).toEqual(['moveTo 3,2', 'lineTo 4,3']);
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
