import { beforeEach, expect, test, vi } from 'vitest';
import { Repaints } from '../src/repaints';

let frames: (() => void)[];

beforeEach(() => {
  frames = [];
  vi.stubGlobal('document', Object.assign(new EventTarget(), { hidden: false }));
  vi.stubGlobal('requestAnimationFrame', (callback: () => void) => frames.push(callback));
});

/** The browser shows what was painted. */
function showFrame() {
  for (const callback of frames.splice(0)) {
    callback();
  }
}

test('the first is painted at once, those that follow within a frame of the browser once, with it', async () => {
  const paint = vi.fn();
  const repaints = new Repaints(paint);
  await repaints.now();
  expect(paint).toHaveBeenCalledTimes(1);
  const waiting = [repaints.now(), repaints.now()];
  repaints.soon();
  expect(paint).toHaveBeenCalledTimes(1);
  showFrame();
  await Promise.all(waiting);
  expect(paint).toHaveBeenCalledTimes(2);
  await repaints.now();
  expect(paint).toHaveBeenCalledTimes(3);
});

test('what the browser moves is painted with its next frame only, and only if it was asked for', () => {
  const paint = vi.fn();
  const repaints = new Repaints(paint);
  repaints.soon();
  repaints.soon();
  expect([paint.mock.calls.length, frames.length]).toEqual([0, 1]);
  showFrame();
  expect([paint.mock.calls.length, frames.length]).toEqual([1, 0]);
});

test('when painting fails, all who wait for it know, and the next is painted', async () => {
  const paint = vi.fn();
  const repaints = new Repaints(paint);
  const fail = () => {
    throw new Error('no canvas');
  };
  paint.mockImplementationOnce(fail);
  await expect(repaints.now()).rejects.toThrow('no canvas');
  await repaints.now();
  paint.mockImplementationOnce(fail);
  const waiting = [repaints.now(), repaints.now()].map(promise => promise.catch((error: Error) => error.message));
  showFrame();
  expect(await Promise.all(waiting)).toEqual(['no canvas', 'no canvas']);
  paint.mockImplementationOnce(fail);
  repaints.soon();
  expect(showFrame, 'and with nobody waiting, the console').toThrow('no canvas');
});

test('on a page that is not seen nothing waits, nor when it goes out of sight', async () => {
  const paint = vi.fn();
  const repaints = new Repaints(paint);
  await repaints.now();
  const waiting = repaints.now();
  Object.assign(document, { hidden: true });
  document.dispatchEvent(new Event('visibilitychange'));
  await waiting;
  await repaints.now();
  await repaints.now();
  expect(paint).toHaveBeenCalledTimes(4);
  repaints.soon();
  expect(paint).toHaveBeenCalledTimes(5);
  showFrame();
  expect(paint).toHaveBeenCalledTimes(5);
});
