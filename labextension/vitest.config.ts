import { defineConfig } from 'vitest/config';

export default defineConfig({
  logLevel: 'error', // not that ipympl comes without its source maps
  test: {
    css: false, // ipympl's modules import style sheets, which are of no interest here
    // Packages that are written for bundlers: node could not load them by itself.
    server: { deps: { inline: [/jupyter-matplotlib/, /@jupyter-widgets/, /@lumino/, /@jupyterlab/] } },
  },
});
