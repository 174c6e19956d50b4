// @vitest-environment jsdom
import { afterEach, expect, test, vi } from 'vitest';
import { done, Page } from './page';
import { message, PATH, panel, points } from './scenes';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

const NODES: [number, Record<string, unknown>][] = [
  [1, { ...panel() }],
  [2, { ...PATH, points: points(0, 0, 3, 3) }],
];
const KEYFRAME = message(NODES);

/** A view of a panel with a line, and the mouse over it: a place is pixels of the figure. */
async function setUp(tool: 'pan' | 'zoom' | '' = 'pan') {
  const page = await Page.open();
  const view = await page.view();
  page.toolbar.set('_current_action', tool);
  await page.hear(KEYFRAME);
  await page.show_frame();
  page.painted.length = page.comm.sent.length = 0;
  const mouse = (
    type: string,
    x: number,
    y: number,
    buttons: number,
    more: MouseEventInit = {},
    to: Element | Window = view.top_canvas,
  ) => to.dispatchEvent(new MouseEvent(type, { bubbles: true, clientX: x, clientY: y, buttons, ...more }));
  const lines = () => page.painted.filter(call => /^(move|line)To/.test(call)).slice(-2);
  const types = () => page.said.map(({ type }) => type);
  return { page, view, mouse, lines, types };
}

const view = (number: number, x: number[], y: number[], done: boolean) => ({
  type: 'view',
  number,
  panel: 1,
  x,
  y,
  done,
});

test('a pan is painted with the next frame of the browser, and the kernel is told the limits instead of the mouse', async () => {
  const {
    page,
    view: { canvas },
    mouse,
    lines,
  } = await setUp();
  mouse('mousedown', 10, 5, 1);
  mouse('mousemove', 13, 5, 1);
  mouse('mousemove', 16, 4, 1);
  expect(page.painted).toEqual([]);
  await page.show_frame();
  expect(lines()).toEqual(['moveTo 7,11', 'lineTo 10,8']);
  expect(done(canvas).at(-1)).toBe('drawImage canvas 40x20,0,0');
  mouse('mouseup', 17, 4, 0);
  await page.show_frame();
  expect(lines()).toEqual(['moveTo 8,11', 'lineTo 11,8']);
  expect(page.said).toEqual([view(1, [-3, 27], [0, 10], false), view(2, [-7, 23], [-1, 9], true)]);
});

test("the limits are the kernel's again when it has handled the last message", async () => {
  const { page, mouse, lines } = await setUp();
  const { client } = page;
  mouse('mousedown', 10, 5, 1);
  mouse('mouseup', 13, 5, 0);
  const send = async (version: number, handled: Record<string, number>) => {
    await page.hear(message([], { version, base: version - 1, handled }));
    await page.show_frame();
  };
  await send(2, { other: 99 });
  expect(lines()).toEqual(['moveTo 4,12', 'lineTo 7,9']);
  await send(3, { [client]: 1 });
  expect(lines()).toEqual(['moveTo 1,12', 'lineTo 4,9']);
});

test('a drag is followed beyond the figure, and ends where the button goes up', async () => {
  const { page, mouse, lines, types } = await setUp();
  mouse('mousedown', 10, 5, 1);
  mouse('mousemove', 500, 5, 1, {}, window);
  await page.show_frame();
  expect(lines()[0]).toBe('moveTo 491,12');
  mouse('mouseup', 11, 5, 0, {}, window);
  await page.show_frame();
  expect(lines()[0]).toBe('moveTo 2,12');
  mouse('mousemove', 300, 5, 1, {}, window);
  await page.show_frame();
  expect(lines()[0]).toBe('moveTo 2,12');
  expect(types()).toEqual(['view', 'view']);
});

test('a button that went up unheard, and Escape, end a drag', async () => {
  const {
    page,
    view: { canvas_div },
    mouse,
  } = await setUp();
  const key = (type: string) => canvas_div.dispatchEvent(new KeyboardEvent(type, { key: 'Escape' }));
  mouse('mousedown', 10, 5, 1);
  mouse('mousemove', 12, 5, 1);
  mouse('mousemove', 13, 5, 0, {}, window);
  expect(page.said.at(-1)).toEqual(view(2, [-2, 28], [0, 10], true));
  mouse('mousedown', 10, 5, 1);
  mouse('mousemove', 12, 5, 1);
  key('keydown');
  mouse('mousemove', 15, 5, 1);
  expect(page.said.at(-1)).toEqual(view(3, [-4, 26], [0, 10], true));
  expect(page.said.filter(({ type }) => type === 'key_press')).toEqual([]);
  key('keyup');
  key('keydown');
  expect(page.said.at(-1)).toMatchObject({ type: 'key_press', key: 'kEscape' });
});

test('without a tool, or with a button that has none, the kernel hears the mouse', async () => {
  const { page, mouse, types } = await setUp('');
  mouse('mousedown', 10, 5, 1);
  mouse('mousemove', 12, 5, 1);
  mouse('mouseup', 12, 5, 0);
  expect(types()).toEqual(['button_press', 'motion_notify', 'button_release']);
  page.toolbar.set('_current_action', 'pan');
  mouse('mousedown', 10, 5, 4, { button: 1 });
  mouse('mouseup', 10, 5, 0, { button: 1 });
  expect(types().slice(3)).toEqual(['button_press', 'button_release']);
});

test('of a move that ipympl tells late, the kernel hears if it is no part of a drag', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  try {
    const opened = setUp();
    await vi.advanceTimersByTimeAsync(100);
    const { mouse, types } = await opened;
    mouse('mousemove', 8, 5, 0);
    mouse('mousemove', 9, 5, 0); // held back for 33 ms
    mouse('mousedown', 10, 5, 1);
    vi.advanceTimersByTime(40);
    expect(types()).toEqual(['motion_notify']);
    mouse('mousemove', 11, 5, 1);
    mouse('mousemove', 12, 5, 1);
    mouse('mouseup', 12, 5, 0);
    vi.advanceTimersByTime(40);
    expect(types().filter(type => type !== 'view')).toEqual(['motion_notify']);
    mouse('mousemove', 13, 5, 0);
    expect(types().at(-1)).toBe('motion_notify');
  } finally {
    vi.useRealTimers();
  }
});

test('keys and modifiers keep a drag to a direction', async () => {
  const {
    page,
    view: { canvas_div },
    mouse,
    lines,
  } = await setUp();
  const key = (type: string) => canvas_div.dispatchEvent(new KeyboardEvent(type, { key: 'x' }));
  mouse('mousedown', 10, 5, 1);
  key('keydown');
  mouse('mousemove', 12, 7, 1);
  await page.show_frame();
  expect(lines()[0]).toBe('moveTo 3,12');
  key('keyup');
  mouse('mousemove', 13, 7, 1, { ctrlKey: true });
  await page.show_frame();
  expect(lines()[0]).toBe('moveTo 4,9');
  mouse('mousemove', 11, 9, 1, { shiftKey: true });
  await page.show_frame();
  expect(lines()[0]).toBe('moveTo 1,16');
});

test('the zoom tool shows its frame over the figure', async () => {
  const {
    page,
    view: { top_canvas },
    mouse,
    lines,
  } = await setUp('zoom');
  mouse('mousedown', 10, 5, 1);
  mouse('mousemove', 25, 10, 1);
  await page.show_frame();
  expect(done(top_canvas).at(-1)).toBe('strokeRect 10.5,5.5,15,5');
  mouse('mouseup', 25, 10, 0);
  await page.show_frame();
  expect(done(top_canvas).at(-1)).not.toContain('strokeRect');
  expect(lines()).toEqual(['moveTo -17,16', 'lineTo -11,10']);
  expect(page.said).toEqual([view(1, [9, 24], [2, 7], true)]);
});

test('the wheel zooms while a tool is on, and else scrolls the page', async () => {
  const {
    page,
    view: { top_canvas },
    lines,
    types,
  } = await setUp();
  const turn = (deltaY: number) => {
    const event = new WheelEvent('wheel', { bubbles: true, cancelable: true, clientX: 1, clientY: 12 - 1e-9, deltaY });
    top_canvas.dispatchEvent(event);
    return event.defaultPrevented;
  };
  expect(turn(1000 * Math.log10(0.5))).toBe(true);
  await page.show_frame();
  expect(
    lines().map(call =>
      call
        .split(' ')
        .at(-1)
        ?.split(',')
        .map(place => Math.round(Number(place))),
    ),
  ).toEqual([
    [1, 12],
    [7, 6],
  ]);
  expect(types()).toEqual(['view']);
  page.toolbar.set('_current_action', '');
  expect(turn(100)).toBe(false);
  expect(types()).toEqual(['view', 'scroll']);
});

test('over a still picture a drag paints the scene, until the picture that was drawn for its end', async () => {
  const { page, mouse, lines } = await setUp();
  const { client } = page;
  const still = async (version: number, handled: number) => {
    const [content, buffer] = message([], { version, base: version - 1, handled: { [client]: handled } });
    await page.hear([{ ...content, show: false }, buffer]);
    await page.hear_ipympl({ type: 'binary', frame: version }, 'png');
    await page.show_frame();
  };
  const picture = 'drawImage canvas 6x4,0,0,40,20';
  await still(2, 0);
  expect(page.painted.at(-1)).toBe(picture);
  mouse('mousedown', 10, 5, 1);
  await page.show_frame();
  expect(page.painted.at(-1), 'nothing has moved yet').toBe(picture);
  mouse('mousemove', 13, 5, 1);
  await page.show_frame();
  expect(lines()[0]).toBe('moveTo 4,12');
  mouse('mousemove', 15, 5, 1);
  page.painted.length = 0;
  await still(3, 1);
  expect(lines()[0], 'it shows an earlier place').toBe('moveTo 6,12');
  mouse('mouseup', 15, 5, 0);
  page.painted.length = 0;
  await still(4, 2);
  expect(page.painted.at(-1)).toBe(picture);
});

test('a frame over a still picture leaves the picture', async () => {
  const { page, mouse } = await setUp('zoom');
  await page.hear_ipympl({ type: 'binary', frame: 2 }, 'png');
  page.painted.length = 0;
  mouse('mousedown', 10, 5, 1);
  mouse('mousemove', 25, 10, 1);
  await page.show_frame();
  expect(page.painted).toEqual(['clearRect 0,0,40,20', 'drawImage canvas 6x4,0,0,40,20']);
});

test('Tab leaves the figure; every other key is its own', async () => {
  const {
    page,
    view: { canvas_div },
  } = await setUp();
  const press = (key: string) => {
    const event = new KeyboardEvent('keydown', { key, cancelable: true });
    canvas_div.dispatchEvent(event);
    return event.defaultPrevented;
  };
  expect([press('Tab'), press('p')]).toEqual([false, true]);
  expect(page.said).toEqual([expect.objectContaining({ type: 'key_press', key: 'kp' })]);
});

test('the toolbar shows while the focus is in the figure', async () => {
  const {
    view: { el, canvas_div, toolbar_view },
  } = await setUp();
  canvas_div.dispatchEvent(new FocusEvent('focusin', { bubbles: true }));
  expect(toolbar_view.el.style.visibility).toBe('visible');
  canvas_div.dispatchEvent(new FocusEvent('focusout', { bubbles: true, relatedTarget: el.firstElementChild }));
  expect(toolbar_view.el.style.visibility).toBe('visible');
  canvas_div.dispatchEvent(new FocusEvent('focusout', { bubbles: true }));
  expect(toolbar_view.el.style.visibility).toBe('hidden');
});

test('a view says what it is to a screen reader, and what it can to the kernel', async () => {
  const page = await Page.open();
  const { canvas_div } = await page.view();
  expect([canvas_div.getAttribute('role'), canvas_div.getAttribute('aria-label')]).toEqual([
    'application',
    'Plot: Figure 1',
  ]);
  expect(page.said).toContainEqual(expect.objectContaining({ type: 'ready', scene: 2, visible: true }));
  page.model.set('_figure_label', 'loss');
  expect(canvas_div.getAttribute('aria-label')).toBe('Plot: loss');
});

test('a removed view is off the page, follows nothing, and the kernel knows that nobody sees the figure', async () => {
  const opened = await setUp();
  const { page, mouse } = opened;
  const { el } = opened.view;
  mouse('mousedown', 10, 5, 1);
  await page.settle();
  opened.view.remove();
  mouse('mousemove', 13, 5, 1, {}, window);
  expect(document.body.contains(el)).toBe(false);
  expect(page.said).toEqual([{ type: 'visible', visible: false }]);
});
