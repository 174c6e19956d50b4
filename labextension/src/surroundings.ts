/**
 * The surroundings of a figure: the page's theme, its device pixels per CSS pixel, and whether the figure is in sight.
 *
 * Invariant: nothing is watched after the given signal has been aborted.
 */

export type Theme = 'light' | 'dark';

/** The page's theme, from an attribute that JupyterLab sets on the body; light if there is none. */
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
  // There is no event for this. But a query that matches the present ratio has an event when it no longer matches.
  const query = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
  const listener = () => {
    changed();
    watchPixelRatio(changed, signal);
  };
  query.addEventListener('change', listener, { once: true, signal });
}

/** Call back when the element comes into sight or goes out of sight: by scrolling, folding, or a change of the tab. */
export function watchVisibility(element: Element, changed: (visible: boolean) => void, signal: AbortSignal): void {
  if (signal.aborted) {
    return;
  }
  let inView: boolean | undefined; // unknown until the observer has called
  const tell = () => changed(!document.hidden && inView !== false);
  const observer = new IntersectionObserver(entries => {
    inView = entries.at(-1)?.isIntersecting ?? inView;
    tell();
  });
  observer.observe(element);
  document.addEventListener('visibilitychange', tell, { signal });
  signal.addEventListener('abort', () => observer.disconnect(), { once: true });
}
