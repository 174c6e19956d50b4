/**
 * What a figure needs to know of the page it is on: light or dark, device pixels per CSS pixel, and whether it is in sight.
 *
 * Invariant: nothing is watched after the given signal has been aborted.
 */

export type Theme = 'light' | 'dark';

/** The page's theme, by the attribute that JupyterLab keeps on the body; light where there is none. */
export function theme(body: HTMLElement = document.body): Theme {
  return body.dataset.jpThemeLight === 'false' ? 'dark' : 'light';
}

/** Call back when the theme changes between light and dark. */
export function watchTheme(changed: () => void, signal: AbortSignal, body: HTMLElement = document.body): void {
  if (signal.aborted) {
    return;
  }
  let seen = theme(body);
  const observer = new MutationObserver(() => {
    const now = theme(body);
    if (now !== seen) {
      seen = now;
      changed();
    }
  });
  observer.observe(body, { attributeFilter: ['data-jp-theme-light'] });
  signal.addEventListener('abort', () => observer.disconnect(), { once: true });
}

/** Call back when the page moves to a screen of another resolution, or is zoomed. */
export function watchPixelRatio(changed: () => void, signal: AbortSignal): void {
  // There is no event for this: a query that matches the present ratio tells once that it no longer does.
  const query = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
  const listener = () => {
    changed();
    watchPixelRatio(changed, signal);
  };
  query.addEventListener('change', listener, { once: true, signal });
}

/** Call back when the element comes into sight or goes out of it: by scrolling, folding, or another tab of the browser. */
export function watchVisibility(element: Element, changed: (visible: boolean) => void, signal: AbortSignal): void {
  if (signal.aborted) {
    return;
  }
  let inView: boolean | undefined; // not known before the observer's first word
  const tell = () => changed(!document.hidden && inView !== false);
  const observer = new IntersectionObserver(entries => {
    inView = entries.at(-1)?.isIntersecting ?? inView;
    tell();
  });
  observer.observe(element);
  document.addEventListener('visibilitychange', tell, { signal });
  signal.addEventListener('abort', () => observer.disconnect(), { once: true });
}
