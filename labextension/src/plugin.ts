/**
 * Registers the widgets of this package with JupyterLab.
 *
 * Invariant: at start-up they are only registered. The widgets, and ipympl with them, are loaded with the first figure.
 */
import { IJupyterWidgetRegistry } from '@jupyter-widgets/base';
import type { IPlugin } from '@lumino/application';
import metadata from '../package.json';

const plugin: IPlugin<unknown, void> = {
  id: 'tfwidget:plugin',
  description: 'Live TensorFlow plots: Matplotlib figures that pan, zoom and pause while a cell trains a model.',
  autoStart: true,
  requires: [IJupyterWidgetRegistry],
  activate: (_app, registry: IJupyterWidgetRegistry) => {
    registry.registerWidget({
      name: metadata.name,
      version: metadata.version,
      exports: () => import('./figure'),
    });
  },
};

export default plugin;
