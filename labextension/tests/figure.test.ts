// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { VERSION } from '../src/protocol';
import { done, Page } from './page';
import { message, PATH, panel, points } from './scenes';

beforeEach(() => {
  document.body.dataset.jpThemeLight = 'false';
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

const line = (...values: number[]) => ({ ...PATH, points: points(...values) });

/** A panel with a line. */
const KEYFRAME = message([
  [1, { ...panel() }],
  [2, line(0, 0, 3, 3)],
]);

/** The patch that leads to this version. */
function patch(version: number, ...values: number[]) {
  return message([[2, { points: points(...values) }]], { frame: version, version, base: version - 1 });
}

const lines = (calls: string[]) => calls.filter(call => /^(move|line)To/.test(call));
const ack = (frame: number, error?: string) => ({
  type: 'frame_ack',
  frame,
  ...(error === undefined ? {} : { error }),
});

test('a keyframe is painted as it comes, shown in the views, and acknowledged', async () => {
  const page = await Page.open();
  const view = await page.view();
  page.comm.sent.length = 0;
  await page.hear(KEYFRAME);
  expect(lines(page.painted)).toEqual(['moveTo 1,12', 'lineTo 4,9']);
  expect(done(view.canvas).at(-1)).toBe('drawImage canvas 40x20,0,0');
  expect(page.said).toEqual([ack(1)]);
});

test('what comes within one frame of the browser is painted once, and each that asks is acknowledged then', async () => {
  const page = await Page.open();
  await page.hear(KEYFRAME);
  page.painted.length = page.comm.sent.length = 0;
  await page.hear(patch(2, 0, 0, 6, 6));
  const [third, buffer] = patch(3, 0, 0, 9, 9);
  await page.hear([{ ...third, ack: false }, buffer]);
  await page.hear(patch(4, 0, 0, 12, 9));
  expect([page.painted, page.said]).toEqual([[], []]);
  await page.show_frame();
  expect(lines(page.painted)).toEqual(['moveTo 1,12', 'lineTo 13,3']);
  expect(page.said).toEqual([ack(2), ack(4)]);
});

test('on a page that is not seen nothing waits', async () => {
  const page = await Page.open();
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
  await page.hear(KEYFRAME);
  await page.hear(patch(2, 0, 0, 6, 6));
  await page.hear(patch(3, 0, 0, 6, 6));
  expect(page.said).toEqual([ack(1), ack(2), ack(3)]);
});

test('a page that goes out of sight does not keep frames waiting', async () => {
  const page = await Page.open();
  await page.hear(KEYFRAME);
  await page.hear(patch(2, 0, 0, 6, 6));
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
  document.dispatchEvent(new Event('visibilitychange'));
  await page.settle();
  expect(page.said).toEqual([ack(1), ack(2)]);
});

test('at a gap a keyframe is asked for, again only after a while, and the scene stays', async () => {
  let now = 1000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const page = await Page.open();
  await page.hear(patch(1, 0, 0));
  expect(page.said).toEqual([{ type: 'keyframe' }]);
  now += 99;
  await page.hear(patch(2, 0, 0));
  expect(page.said).toHaveLength(1);
  now += 1;
  await page.hear(patch(3, 0, 0));
  expect(page.said).toEqual([{ type: 'keyframe' }, { type: 'keyframe' }]);
  expect(page.painted).not.toContain('stroke');
  await page.hear(KEYFRAME);
  expect(page.said.at(-1)).toEqual(ack(1));
  await page.hear(patch(9, 0, 0));
  expect(page.said.at(-1), 'at once, for the former gap was closed').toEqual({ type: 'keyframe' });
});

test('a scene that cannot be read is reported', async () => {
  const page = await Page.open();
  const [keyframe, buffer] = message([[1, { ...panel(), order: 'x' }]], { frame: 3 });
  await page.hear([keyframe, buffer]);
  await page.hear([{ ...keyframe, frame: 4, version: 'x' }, buffer]);
  expect(page.said).toEqual([
    ack(3, 'node 1.order is x, not a number'),
    ack(4, 'the message.version is x, not a count'),
  ]);
});

test('the kernel asks at the end whether a page is behind', async () => {
  const page = await Page.open();
  await page.hear_ipympl({ type: 'sync', version: 0, frame: 1, ack: true });
  await page.hear(KEYFRAME);
  await page.hear_ipympl({ type: 'sync', version: 1, frame: 2, ack: true });
  await page.hear_ipympl({ type: 'sync', version: 2, frame: 3, ack: true });
  expect(page.said).toEqual([ack(1), ack(1), ack(2), { type: 'keyframe' }]);
});

test('state of other widgets is set as the frame comes, also at a gap; one that is not there is left out', async () => {
  const page = await Page.open();
  const other = await page.manager.make('other', {
    _model_name: 'DOMWidgetModel',
    _model_module: '@jupyter-widgets/base',
  });
  const [keyframe, buffer] = message([], { updates: { other: { tooltip: 'first' }, gone: { value: 1 } } });
  await page.hear([keyframe, buffer]);
  expect(other.get('tooltip')).toBe('first');
  await page.hear([{ ...keyframe, base: 7, updates: { other: { tooltip: 'second' } } }, buffer]);
  expect(other.get('tooltip')).toBe('second');
});

test('a picture is painted over the whole canvas, shown, and acknowledged', async () => {
  const page = await Page.open();
  await page.hear_ipympl({ type: 'binary', frame: 3 }, 'png');
  expect(page.painted.slice(-2)).toEqual(['clearRect 0,0,40,20', 'drawImage canvas 6x4,0,0,40,20']);
  expect(page.said).toEqual([ack(3)]);
});

/** What was drawn on the canvas that holds the picture. */
function pictures(spy: ReturnType<typeof watchCanvases>): string[] {
  return spy.flatMap(canvas => done(canvas)).filter(call => /^drawImage (?!canvas)/.test(call));
}

function watchCanvases(): HTMLCanvasElement[] {
  const made: HTMLCanvasElement[] = [];
  const create = document.createElement.bind(document);
  vi.spyOn(document, 'createElement').mockImplementation(((name: string) => {
    const element = create(name);
    if (element instanceof HTMLCanvasElement) {
      made.push(element);
    }
    return element;
  }) as typeof document.createElement);
  return made;
}

test('a picture is taken in the mode it came in, though the kernel has set another since', async () => {
  const canvases = watchCanvases();
  const page = await Page.open();
  const [picture] = canvases;
  await page.hear_ipympl({ type: 'binary', frame: 1 }, 'first');
  expect(picture?.width).toBe(6);
  await page.update({ _image_mode: 'diff' });
  const second = page.hear_ipympl({ type: 'binary', frame: 2 }, 'second');
  page.model.set('_image_mode', 'full');
  if (picture) {
    picture.width = 5; // a whole picture would set it
  }
  await second;
  expect(picture?.width).toBe(5);
  expect(pictures(canvases)).toEqual(['drawImage first,0,0', 'drawImage second,0,0']);
});

test('a difference is one to the picture before, not to the scene over it', async () => {
  const canvases = watchCanvases();
  const page = await Page.open();
  await page.hear_ipympl({ type: 'binary', frame: 1 }, 'whole');
  await page.hear(KEYFRAME);
  await page.update({ _image_mode: 'diff' });
  page.painted.length = 0;
  await page.hear_ipympl({ type: 'binary', frame: 2 }, 'difference');
  expect(pictures(canvases)).toEqual(['drawImage whole,0,0', 'drawImage difference,0,0']);
  expect(page.painted).toEqual(['clearRect 0,0,40,20', 'drawImage canvas 6x4,0,0,40,20']);
});

test('a picture that cannot be decoded, or did not come, is reported', async () => {
  const page = await Page.open();
  await page.hear_ipympl({ type: 'binary', frame: 1 }, 'junk');
  await page.hear_ipympl({ type: 'binary', frame: 2 });
  expect(page.said).toEqual([ack(1, 'no PNG'), ack(2, 'the frame came without a picture')]);
});

test('another frame may be asked for as soon as one has come in, for it may be older than the change', async () => {
  const page = await Page.open();
  page.model.waiting_for_image = true;
  await page.hear_ipympl({ type: 'binary', frame: 1 }, 'png');
  expect(page.model.waiting_for_image).toBe(false);
});

test('what is not to be shown is known, and painted with the next frame; a picture takes its place', async () => {
  const page = await Page.open();
  await page.hear(KEYFRAME);
  await page.show_frame();
  page.painted.length = 0;
  const [still, buffer] = patch(2, 0, 0, 6, 6);
  await page.hear([{ ...still, show: false }, buffer]);
  expect(page.painted).toEqual([]);
  expect(page.said.at(-1)).toEqual(ack(2));
  await page.hear_ipympl({ type: 'binary', frame: 3 }, 'png');
  expect(page.painted.at(-1)).toBe('drawImage canvas 6x4,0,0,40,20');
  await page.hear(message([], { version: 3, base: 2 }));
  expect(lines(page.painted)).toEqual(['moveTo 1,12', 'lineTo 7,6']);
});

test('the still picture of a saved notebook cannot come out over a frame', async () => {
  const page = await Page.open({ state: { _data_url: 'data:image/png;base64,AA' } });
  const still = page.model.image;
  await page.hear_ipympl({ type: 'binary', frame: 1 }, 'png');
  expect(still.onload).toBeNull();
  expect(page.model.image).not.toBe(still);
});

test.each([{ data: 'no JSON' }, { data: undefined }, {}, null])(
  'a malformed message, %o, is only warned of',
  async event => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const page = await Page.open();
    page.model.on_comm_message(event);
    expect(warn).toHaveBeenCalledOnce();
  },
);

test('the picture becomes text only when the notebook is saved with it', async () => {
  const page = await Page.open();
  expect(page.model.get_state()).toMatchObject({ _data_url: null });
  await page.hear(KEYFRAME);
  expect(page.model.get('_data_url')).toBeNull();
  expect(page.model.get_state()).toMatchObject({ _data_url: 'data:newest' });
});

test('the kernel is told when the last view goes out of sight, and when the first comes into it', async () => {
  const { model, said } = await Page.open();
  const page = await Page.open();
  page.model.see('left', true);
  page.model.see('right', true);
  expect(page.said).toEqual([{ type: 'visible', visible: true }]);
  page.model.see('right', false);
  page.model.see('left', false);
  page.model.see('left', false);
  expect(page.said.slice(1)).toEqual([{ type: 'visible', visible: false }]);
  expect([model.disabled, said]).toEqual([false, []]);
});

test('each page goes by a name of its own, in everything that it says', async () => {
  const pages = [await Page.open(), await Page.open()];
  const names = pages.map(page => {
    page.model.see('view', true);
    page.model.announce(0);
    return [...new Set(page.comm.sent.map(({ client }) => client))];
  });
  expect(names[0]).toEqual([expect.stringMatching(/^\w{5,20}$/)]);
  expect(names[1]).not.toEqual(names[0]);
});

const READY = { type: 'ready', device_pixel_ratio: 1, theme: 'dark', visible: false, scene: VERSION };

test('a view is announced with all that the kernel must know to draw for it', async () => {
  const page = await Page.open();
  page.model.announce(0);
  page.model.announce(700);
  expect(page.said).toEqual([READY, { ...READY, room: 700 }]);
});

test('another pixel ratio stretches what there is until the kernel has drawn anew', async () => {
  const page = await Page.open();
  const view = await page.view();
  vi.stubGlobal('devicePixelRatio', 2);
  page.comm.sent.length = page.painted.length = 0;
  page.model.announce(0);
  await page.settle();
  expect(page.painted).toEqual(['drawImage canvas 40x20,0,0,80,40']);
  expect([view.canvas.width, view.canvas.style.width]).toEqual([80, '40px']);
  expect(page.said).toEqual([{ ...READY, visible: true, device_pixel_ratio: 2 }]);
});

test('the views take over the size that the kernel answered with, unless another is on its way', async () => {
  const page = await Page.open();
  const view = await page.view();
  page.model.resize(50, 30);
  page.model.resize(60, 40);
  await page.update({ _size: [50, 31] });
  await page.hear_ipympl({ type: 'resize', size: [50, 31] });
  expect(view.canvas.height).toBe(40);
  await page.update({ _size: [60, 41] });
  await page.hear_ipympl({ type: 'resize', size: [60, 41] });
  expect(view.canvas.height).toBe(41);
});

test('nothing is sent where no kernel is', async () => {
  const page = await Page.open({ kernel: false });
  page.model.announce(0);
  expect(page.said).toEqual([]);
});
