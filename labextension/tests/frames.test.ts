import { expect, test, vi } from 'vitest';
import { FrameQueue } from '../src/frames';

/** A queue of text, decoded when the test says so, and a record of what it did. */
function queueOfText() {
  const did: string[] = [];
  const decoding = new Map<string, PromiseWithResolvers<string>>();
  const queue = new FrameQueue<string, string>({
    decode: data => {
      const decoded = withResolvers<string>();
      decoding.set(data, decoded);
      return decoded.promise;
    },
    paint: picture => {
      if (picture === 'unpaintable') {
        throw new Error('cannot paint');
      }
      did.push(picture);
    },
    acknowledge: (number, error) => {
      if (number < 0) {
        throw new Error('the kernel is gone');
      }
      did.push(error === undefined ? `ack ${number}` : `ack ${number}: ${error}`);
    },
  });
  const push = (number: number | undefined, data: string, asked?: boolean) => queue.push(number, data, asked);
  const decoded = (data: string) => decoding.get(data)?.resolve(data);
  const undecodable = (data: string) => decoding.get(data)?.reject(new Error('no PNG'));
  return { queue, did, push, decoded, undecodable };
}

interface PromiseWithResolvers<T> {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

test('frames are painted in the order they came, whatever the order they are decoded in', async () => {
  const { did, push, decoded } = queueOfText();
  const all = [push(1, 'a'), push(2, 'b'), push(3, 'c')];
  decoded('c');
  decoded('b');
  await Promise.resolve();
  expect(did).toEqual([]);
  decoded('a');
  await Promise.all(all);
  expect(did).toEqual(['a', 'ack 1', 'b', 'ack 2', 'c', 'ack 3']);
});

test('a frame is acknowledged only after the views, which paint by fulfilled promises, have had their turn', async () => {
  const did: string[] = [];
  const view = Promise.resolve();
  const queue = new FrameQueue<string, string>({
    decode: async data => data,
    paint: () => {
      view.then(() => did.push('view painted'));
    },
    acknowledge: () => did.push('acknowledged'),
  });
  await queue.push(1, 'a');
  expect(did).toEqual(['view painted', 'acknowledged']);
});

test('a frame that cannot be decoded or painted is acknowledged with the reason, and the next ones go on', async () => {
  const { did, push, decoded, undecodable } = queueOfText();
  const all = [push(1, 'a'), push(2, 'unpaintable'), push(3, 'c')];
  undecodable('a');
  decoded('unpaintable');
  decoded('c');
  await Promise.all(all);
  expect(did).toEqual(['ack 1: no PNG', 'ack 2: cannot paint', 'c', 'ack 3']);
});

test('painting may take until the browser is ready for it, and the next frame waits', async () => {
  const did: string[] = [];
  let ready!: () => void;
  const queue = new FrameQueue<string, string>({
    decode: async data => data,
    paint: async data => {
      if (data === 'a') {
        await new Promise<void>(resolve => {
          ready = resolve;
        });
      }
      did.push(data);
    },
    acknowledge: number => did.push(`ack ${number}`),
  });
  const all = [queue.push(1, 'a'), queue.push(2, 'b')];
  await new Promise<void>(resolve => setTimeout(resolve));
  expect(did).toEqual([]);
  ready();
  await Promise.all(all);
  expect(did).toEqual(['a', 'ack 1', 'b', 'ack 2']);
});

test('a frame without a number is painted and not acknowledged', async () => {
  const { did, push, decoded } = queueOfText();
  const done = push(undefined, 'a');
  decoded('a');
  await done;
  expect(did).toEqual(['a']);
});

test('an acknowledgement that cannot be sent stops nothing', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const { did, push, decoded } = queueOfText();
  const all = [push(-1, 'a'), push(2, 'b')];
  decoded('a');
  decoded('b');
  await Promise.all(all);
  expect(did).toEqual(['a', 'b', 'ack 2']);
  expect(warn).toHaveBeenCalledOnce();
  warn.mockRestore();
});

test('a frame of which nobody asked for it is acknowledged only where it could not be painted', async () => {
  const { did, push, decoded } = queueOfText();
  const all = [push(1, 'a', false), push(2, 'b', true), push(3, 'unpaintable', false)];
  for (const data of ['a', 'b', 'unpaintable']) {
    decoded(data);
  }
  await Promise.all(all);
  expect(did).toEqual(['a', 'b', 'ack 2', 'ack 3: cannot paint']);
});
