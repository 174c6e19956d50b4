import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { theme, watchPixelRatio, watchTheme, watchVisibility } from '../src/surroundings';

/** As much of the body as carries JupyterLab's theme. */
function bodyWith(jpThemeLight?: string): HTMLElement {
  return { dataset: { jpThemeLight } } as unknown as HTMLElement;
}

class FakeObserver {
  static all: FakeObserver[] = [];
  observed: unknown;
  constructor(readonly tell: () => void) {
    FakeObserver.all.push(this);
  }
  observe(target: unknown) {
    this.observed = target;
  }
  disconnect() {
    this.observed = undefined;
  }
}

let controller: AbortController;
beforeEach(() => {
  FakeObserver.all = [];
  vi.stubGlobal('MutationObserver', FakeObserver);
  controller = new AbortController();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

test.each([
  ['true', 'light'],
  ['false', 'dark'],
  [undefined, 'light'],
])('a body with data-jp-theme-light=%s is %s', (attribute, expected) => {
  expect(theme(bodyWith(attribute))).toBe(expected);
});

test('a change of theme is told once, and not after the end', () => {
  const body = bodyWith('true');
  const changed = vi.fn();
  watchTheme(changed, controller.signal, body);
  const [observer] = FakeObserver.all;
  observer?.tell(); // another theme, as light as the one before
  expect(changed).not.toHaveBeenCalled();
  body.dataset.jpThemeLight = 'false';
  observer?.tell();
  observer?.tell();
  expect(changed).toHaveBeenCalledOnce();
  controller.abort();
  expect(observer?.observed).toBeUndefined();
});

test('nothing is watched for a view that was removed before it was rendered', () => {
  controller.abort();
  watchTheme(vi.fn(), controller.signal, bodyWith('true'));
  expect(FakeObserver.all).toEqual([]);
});

test('each change of the pixel ratio is told, until the end', () => {
  const queries: (EventTarget & { media: string })[] = [];
  const page = {
    devicePixelRatio: 1,
    matchMedia: (media: string) => {
      const query = Object.assign(new EventTarget(), { media });
      queries.push(query);
      return query;
    },
  };
  vi.stubGlobal('window', page);
  const changed = vi.fn();
  watchPixelRatio(changed, controller.signal);
  page.devicePixelRatio = 2;
  queries[0]?.dispatchEvent(new Event('change'));
  page.devicePixelRatio = 1.5;
  queries[1]?.dispatchEvent(new Event('change'));
  expect(changed).toHaveBeenCalledTimes(2);
  expect(queries.map(query => query.media)).toEqual([
    '(resolution: 1dppx)',
    '(resolution: 2dppx)',
    '(resolution: 1.5dppx)',
  ]);
  queries[0]?.dispatchEvent(new Event('change')); // of a ratio that is no longer the page's
  controller.abort();
  queries[2]?.dispatchEvent(new Event('change'));
  expect(changed).toHaveBeenCalledTimes(2);
});

test('a figure is visible while its page is, and some of it is in view', () => {
  vi.stubGlobal('IntersectionObserver', FakeObserver);
  const page = Object.assign(new EventTarget(), { hidden: false });
  vi.stubGlobal('document', page);
  const seen: boolean[] = [];
  const figure = {} as Element;
  watchVisibility(figure, visible => seen.push(visible), controller.signal);
  const observer = FakeObserver.all[0];
  expect(observer?.observed).toBe(figure);
  const tell = observer?.tell as unknown as (entries: { isIntersecting: boolean }[]) => void;
  const turn = (hidden: boolean) => {
    page.hidden = hidden;
    page.dispatchEvent(new Event('visibilitychange'));
  };
  tell([{ isIntersecting: false }, { isIntersecting: true }]);
  turn(true);
  tell([{ isIntersecting: false }]);
  turn(false);
  tell([{ isIntersecting: true }]);
  expect(seen).toEqual([true, false, false, false, true]);
  controller.abort();
  turn(true);
  expect(observer?.observed).toBeUndefined();
  expect(seen).toHaveLength(5);
  watchVisibility(figure, visible => seen.push(visible), controller.signal);
  expect(FakeObserver.all).toHaveLength(1);
});
