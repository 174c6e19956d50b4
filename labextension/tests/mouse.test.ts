import { beforeEach, expect, test, vi } from 'vitest';
import { type Constraint, Mouse, type Surface, type Tool } from '../src/mouse';
import type { Panel, Scale } from '../src/protocol';
import type { Limits } from '../src/transform';
import { DRAGS } from './drags';
import { panel } from './scenes';

beforeEach(() => {
  vi.useFakeTimers();
});

/** A box of 400 by 240 pixels from (100, 80). */
function boxed(x: [number, number], y: [number, number], scales: [Scale, Scale] = [LINEAR, LINEAR], equal = false) {
  const { x: axis } = panel();
  return panel({
    box: [100, 80, 400, 240],
    x: { ...axis, scale: scales[0], limits: x },
    y: { ...axis, scale: scales[1], limits: y },
    equal,
  });
}

const LINEAR: Scale = { kind: 'linear' };
const LOG: Scale = { kind: 'log', base: 10 };
const SYMLOG: Scale = { kind: 'symlog', base: 10, linthresh: 0.1, linscale: 1 };
const PANELS = { linear: boxed([0, 10], [1, -1]), log: boxed([0.01, 100], [-5, 20], [LOG, SYMLOG]) };

/** A mouse over a panel with the id 7, and what it has told. */
function setUp(of: Panel = PANELS.linear, tool: Tool | 'none' = 'pan') {
  const told: Parameters<Surface['tell']>[0][] = [];
  const panels: [number, Panel][] = [[7, of]];
  const changed = vi.fn();
  const surface = {
    panels: () => panels,
    tool: () => (tool === 'none' ? undefined : tool),
    changed,
    tell: (view: (typeof told)[number]) => told.push(view),
  };
  const mouse = new Mouse(surface);
  const drag = (from: [number, number], to: [number, number], button = 0, key?: Constraint) => {
    mouse.press({ x: from[0], y: from[1], button });
    mouse.move({ x: to[0], y: to[1], buttons: button === 0 ? 1 : 2, key });
    return () => mouse.release({ x: to[0], y: to[1] });
  };
  return { mouse, told, panels, changed, drag };
}

function expectLimits(limits: Limits | undefined, x: readonly number[], y: readonly number[]): void {
  const close = (one: number, other: number) => Math.abs(one - other) <= 1e-9 * Math.max(1e-3, Math.abs(other));
  expect([...(limits?.x ?? []), ...(limits?.y ?? [])]).toEqual(
    [...x, ...y].map(value => expect.toSatisfy(limit => close(limit, value), `near ${value}`)),
  );
}

test.each(DRAGS)('the %s tool goes where Matplotlib goes, %s, button %i, key %s', (tool, scales, button, key, x, y) => {
  const { mouse, told, drag } = setUp(PANELS[scales], tool);
  const release = drag([200, 200], tool === 'pan' ? [230, 190] : [320, 120], button === 1 ? 0 : 2, key ?? undefined);
  release();
  expectLimits(mouse.limits.get(7), x, y);
  expect(told.at(-1)).toMatchObject({ panel: 7, done: true });
  expectLimits(told.at(-1) as unknown as Limits, x, y);
});

test('what is dragged is seen at once; the kernel is told 20 times a second, and of the end', () => {
  const { mouse, told, changed, drag } = setUp();
  const release = drag([200, 200], [240, 200]);
  expectLimits(mouse.limits.get(7), [-1, 9], [1, -1]);
  expect(told).toEqual([{ number: 1, panel: 7, x: [-1, 9], y: [1, -1], done: false }]);
  for (let x = 241; x <= 280; x++) {
    mouse.move({ x, y: 200, buttons: 1 });
  }
  expect(changed).toHaveBeenCalledTimes(41);
  expect(told).toHaveLength(1);
  vi.advanceTimersByTime(50);
  expect(told).toHaveLength(2);
  expect(told[1]).toMatchObject({ number: 2, x: [-2, 8], done: false });
  vi.advanceTimersByTime(500);
  expect(told).toHaveLength(2);
  release();
  expect(told.slice(2)).toEqual([{ number: 3, panel: 7, x: [-1, 9], y: [1, -1], done: true }]);
  vi.advanceTimersByTime(500);
  expect(told).toHaveLength(3);
});

test("the limits are the page's own until the kernel has handled the last message", () => {
  const { mouse, told, drag } = setUp();
  const release = drag([200, 200], [240, 200]);
  mouse.handled(1);
  expect(mouse.limits.has(7)).toBe(true);
  release();
  expect(told.at(-1)?.number).toBe(2);
  mouse.handled(1);
  expect(mouse.limits.has(7)).toBe(true);
  mouse.handled(2);
  expect(mouse.limits.has(7)).toBe(false);
});

test('a second drag begins where the first one ended, though the kernel has not answered', () => {
  const { mouse, drag } = setUp();
  drag([200, 200], [240, 200])();
  drag([200, 200], [240, 200])();
  expectLimits(mouse.limits.get(7), [-2, 8], [1, -1]);
});

test('a click moves nothing, and nothing is told of it', () => {
  for (const tool of ['pan', 'zoom'] as const) {
    const { mouse, told } = setUp(PANELS.linear, tool);
    expect(mouse.press({ x: 200, y: 200, button: 0 })).toBe(true);
    mouse.move({ x: 200, y: 200, buttons: 1 });
    mouse.release({ x: tool === 'zoom' ? 204 : 200, y: 200 });
    expect(mouse.dragging).toBe(false);
    expect(told.filter(({ x }) => x[0] !== 0)).toEqual([]);
  }
});

test.each([
  ['without a tool', 'none', PANELS.linear, { x: 200, y: 200, button: 0 }],
  ['beside the panels', 'pan', PANELS.linear, { x: 99, y: 200, button: 0 }],
  ['with the middle button', 'pan', PANELS.linear, { x: 200, y: 200, button: 1 }],
  ['where a panel is not to be moved', 'zoom', { ...PANELS.linear, navigate: false }, { x: 200, y: 200, button: 0 }],
] as const)('%s the kernel has the mouse', (_, tool, of, place) => {
  const { mouse } = setUp(of, tool);
  expect(mouse.press(place)).toBe(false);
  expect(mouse.dragging).toBe(false);
});

test('a button that went up elsewhere ends the drag where it was', () => {
  const { mouse, told, drag } = setUp();
  drag([200, 200], [240, 200]);
  mouse.move({ x: 300, y: 200, buttons: 0 });
  expect(mouse.dragging).toBe(false);
  expectLimits(mouse.limits.get(7), [-1, 9], [1, -1]);
  expect(told.at(-1)).toMatchObject({ x: [-1, 9], done: true });
  mouse.move({ x: 300, y: 200, buttons: 1 });
  expectLimits(mouse.limits.get(7), [-1, 9], [1, -1]);
});

test('Escape, or another button, ends a pan where it is, and forgets a frame', () => {
  const { mouse, told, drag } = setUp();
  expect(mouse.escape()).toBe(false);
  drag([200, 200], [240, 200]);
  expect(mouse.escape()).toBe(true);
  expect(told.at(-1)).toMatchObject({ x: [-1, 9], done: true });
  const zoom = setUp(PANELS.linear, 'zoom');
  zoom.drag([200, 200], [320, 120]);
  expect(zoom.mouse.frame).toEqual([200, 120, 320, 200]);
  expect(zoom.mouse.press({ x: 320, y: 120, button: 2 })).toBe(true);
  expect([zoom.mouse.frame, zoom.mouse.dragging, zoom.told]).toEqual([undefined, false, []]);
});

test('a frame ends at the edges of the panel, and is as high or wide as it with the keys x and y', () => {
  const { mouse, drag } = setUp(PANELS.linear, 'zoom');
  drag([200, 200], [900, 10]);
  expect(mouse.frame).toEqual([200, 80, 500, 200]);
  mouse.move({ x: 320, y: 120, buttons: 1, key: 'x' });
  expect(mouse.frame).toEqual([200, 80, 320, 320]);
  mouse.move({ x: 320, y: 120, buttons: 1, key: 'y' });
  expect(mouse.frame).toEqual([100, 120, 500, 200]);
});

test('where units are as long in both directions they stay so', () => {
  const square = boxed([0, 40], [0, 24], [LINEAR, LINEAR], true);
  const ratio = (limits: Limits | undefined) => {
    const [x, y] = [limits?.x ?? [0, 0], limits?.y ?? [0, 0]];
    return (x[1] - x[0]) / (y[1] - y[0]);
  };
  for (const [tool, button, key] of [
    ['pan', 0],
    ['pan', 2],
    ['zoom', 0],
    ['zoom', 2],
    ['zoom', 0, 'x'],
  ] as const) {
    const { mouse, drag } = setUp(square, tool);
    drag([150, 100], [350, 160], button, key)();
    expect(ratio(mouse.limits.get(7)), `${tool} ${button} ${key}`).toBeCloseTo(40 / 24, 9);
  }
  const { mouse, drag } = setUp(square, 'zoom');
  drag([150, 100], [350, 160])();
  expectLimits(mouse.limits.get(7), [5, 25], [13, 25]); // half as wide, about the middle of the frame
  const out = setUp(square, 'zoom');
  out.drag([150, 100], [350, 160], 2)();
  expectLimits(out.mouse.limits.get(7), [-10, 70], [-26, 22]);
});

test('the wheel zooms about the pointer while a tool is on, and has come to rest after a while', () => {
  const { mouse, told } = setUp(PANELS.log);
  expect(mouse.wheel({ x: 100, y: 200, pixels: -1000 * Math.log10(2) })).toBe(true);
  expectLimits({ ...mouse.limits.get(7), y: [0, 0] } as Limits, [0.01, 1], [0, 0]);
  mouse.handled(1);
  expect(mouse.limits.has(7)).toBe(true);
  mouse.wheel({ x: 100, y: 200, pixels: 1000 * Math.log10(2), key: 'x' });
  expectLimits({ ...mouse.limits.get(7), y: [0, 0] } as Limits, [0.01, 100], [0, 0]);
  vi.advanceTimersByTime(199);
  expect(told.some(({ done }) => done)).toBe(false);
  vi.advanceTimersByTime(1);
  expect(told.at(-1)).toMatchObject({ done: true, number: told.length });
  mouse.handled(told.length);
  expect(mouse.limits.has(7)).toBe(false);
  expect(mouse.wheel({ x: 50, y: 200, pixels: 100 })).toBe(false);
  mouse.press({ x: 200, y: 200, button: 0 });
  expect(mouse.wheel({ x: 200, y: 200, pixels: 100 })).toBe(false);
});

test('limits that could not be used are not taken', () => {
  const { mouse, drag } = setUp(boxed([1e-300, 1], [1, 1 + 4e-12], [LOG, LINEAR]));
  drag([200, 200], [450, 200], 0)(); // 10^-487 is nothing
  expect(mouse.limits.get(7)?.x).toEqual([1e-300, 1]);
  drag([200, 200], [200, 20], 2)();
  expect(mouse.limits.get(7)?.y).toEqual([1, 1 + 4e-12]);
});

test('all panels under the pointer are dragged; one that is gone ends the drag', () => {
  const { mouse, told, panels, drag } = setUp();
  panels.push([8, boxed([0, 100], [0, 1])], [9, { ...PANELS.linear, navigate: false }]);
  drag([200, 200], [240, 200]);
  expectLimits(mouse.limits.get(8), [-10, 90], [0, 1]);
  expect(told.map(({ panel, number }) => [panel, number])).toEqual([
    [7, 1],
    [8, 2],
  ]);
  expect(mouse.limits.has(9)).toBe(false);
  panels.splice(1, 1);
  mouse.handled(0);
  expect([mouse.dragging, mouse.limits.has(7), mouse.limits.has(8)]).toEqual([false, true, false]);
});
