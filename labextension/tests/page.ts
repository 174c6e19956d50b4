/** A page of JupyterLab's with a figure: a real widget manager, ipympl's own classes, and a comm that writes down. */

import './lacking';
import type { IClassicComm, WidgetModel, WidgetView } from '@jupyter-widgets/base';
import * as base from '@jupyter-widgets/base';
import { ManagerBase } from '@jupyter-widgets/base-manager';
import * as ipympl from 'jupyter-matplotlib';
import { vi } from 'vitest';
import metadata from '../package.json';
import * as figure from '../src/figure';
import { LiveCanvasModel, LiveCanvasView } from '../src/figure';

type Content = Record<string, unknown>;

/** The kernel's end of a comm, as a widget sees it. */
class Comm implements IClassicComm {
  readonly target_name = 'jupyter.widget';
  readonly sent: Content[] = [];
  #heard: (message: unknown) => unknown = () => undefined;
  constructor(readonly comm_id: string) {}
  open() {
    return '';
  }
  send(data: unknown) {
    const { method, content } = data as { method: string; content: Content };
    this.sent.push(method === 'custom' ? content : { method });
    return '';
  }
  close() {
    return '';
  }
  on_msg(heard: (message: unknown) => unknown) {
    this.#heard = heard;
  }
  on_close() {}
  /** A message of the kernel. */
  async hear(data: Content, buffers: unknown[] = []) {
    await this.#heard({ content: { data }, buffers });
  }
}

class Manager extends ManagerBase {
  protected override async loadClass(name: string, module: string): Promise<typeof WidgetModel | typeof WidgetView> {
    const modules: Record<string, object> = {
      [metadata.name]: figure,
      'jupyter-matplotlib': ipympl,
      '@jupyter-widgets/base': base,
    };
    const found: unknown = Object.entries(modules[module] ?? {}).find(([one]) => one === name)?.[1];
    return found as typeof WidgetModel | typeof WidgetView;
  }
  protected override async _create_comm(_target: string, id = ''): Promise<IClassicComm> {
    return new Comm(id);
  }
  protected override async _get_comm_info() {
    return {};
  }
  async make(id: string, state: Content, comm: IClassicComm | undefined = new Comm(id)): Promise<WidgetModel> {
    const { _model_name, _model_module } = state;
    const options = { model_name: String(_model_name), model_module: String(_model_module), model_module_version: '*' };
    return this.new_model({ ...options, model_id: id, ...(comm && { comm }) }, { ...state });
  }
}

/** What was done on each canvas. */
const DONE = new WeakMap<HTMLCanvasElement, string[]>();

export function done(canvas: HTMLCanvasElement): string[] {
  const calls = DONE.get(canvas) ?? [];
  DONE.set(canvas, calls);
  return calls;
}

function nameOf(value: unknown): string {
  if (value instanceof HTMLCanvasElement) {
    return `canvas ${value.width}x${value.height}`;
  }
  return typeof value === 'object' && value !== null && 'name' in value ? String(value.name) : String(value);
}

function contextOf(this: HTMLCanvasElement) {
  const calls = done(this);
  return new Proxy({} as Content, {
    get: (target, name: string) => {
      if (name in target || name.endsWith('PixelRatio')) {
        return target[name];
      }
      return (...given: unknown[]) => {
        calls.push(`${name} ${given.map(nameOf)}`.trim());
        return { addColorStop: () => undefined };
      };
    },
  });
}

/** jsdom's does not give back what it holds. */
class FakeBlob {
  constructor(readonly parts: readonly Uint8Array[]) {}
}

/** What jsdom lacks. */
function complete() {
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockImplementation(contextOf as never);
  vi.spyOn(HTMLCanvasElement.prototype, 'toDataURL').mockReturnValue('data:newest');
  vi.stubGlobal('Blob', FakeBlob);
  vi.stubGlobal('createImageBitmap', async ({ parts: [bytes] }: FakeBlob) => {
    const name = new TextDecoder().decode(bytes);
    if (name === 'junk') {
      throw new Error('no PNG');
    }
    return { name, width: 6, height: 4, close: () => undefined };
  });
  vi.stubGlobal('ImageData', class {});
  vi.stubGlobal('matchMedia', () => new EventTarget());
  vi.stubGlobal(
    'IntersectionObserver',
    class {
      observe() {}
      disconnect() {}
    },
  );
}

const FIGURE = {
  _model_name: 'LiveCanvasModel',
  _model_module: metadata.name,
  _view_name: 'LiveCanvasView',
  _view_module: metadata.name,
  _figure_label: 'Figure 1',
  _size: [40, 20],
  toolbar: 'IPY_MODEL_toolbar',
};
const TOOLBAR = {
  _model_name: 'ToolbarModel',
  _model_module: 'jupyter-matplotlib',
  _view_name: 'ToolbarView',
  _view_module: 'jupyter-matplotlib',
};

export class Page {
  readonly #frames: (() => void)[] = [];
  readonly manager = new Manager();
  readonly comm = new Comm('figure');
  model!: LiveCanvasModel;
  toolbar!: WidgetModel;

  /** @param kernel - whether one is behind the figure. */
  static async open({ kernel = true, state = {} }: { kernel?: boolean; state?: Content } = {}): Promise<Page> {
    complete();
    const page = new Page();
    vi.stubGlobal('requestAnimationFrame', (callback: () => void) => page.#frames.push(callback));
    page.toolbar = await page.manager.make('toolbar', TOOLBAR);
    const model = await page.manager.make('figure', { ...FIGURE, ...state }, kernel ? page.comm : undefined);
    if (!(model instanceof LiveCanvasModel)) {
      throw new Error('another model was made');
    }
    page.model = model;
    page.comm.sent.length = 0;
    return page;
  }

  async view(): Promise<LiveCanvasView> {
    const view = await this.manager.create_view(this.model);
    if (!(view instanceof LiveCanvasView)) {
      throw new Error('another view was made');
    }
    document.body.append(view.el);
    return view;
  }

  /** What the figure has told the kernel, without the name of the page. */
  get said(): Content[] {
    return this.comm.sent.map(({ client, ...message }) => message);
  }

  /** The page's name in its messages. */
  get client(): string {
    this.model.send_message('test');
    return String(this.comm.sent.pop()?.client);
  }

  /** What was painted on the canvas that views show. */
  get painted(): string[] {
    return done(this.model.offscreen_canvas);
  }

  /** A message of the kernel as our own have it. */
  async hear([content, buffer]: readonly [Content, Uint8Array]): Promise<void> {
    await this.comm.hear({ method: 'custom', content }, [
      new DataView(buffer.buffer, buffer.byteOffset, buffer.length),
    ]);
    await this.settle();
  }

  /** A message of the kernel as ipympl has it. */
  async hear_ipympl(message: Content, ...buffers: string[]): Promise<void> {
    const bytes = buffers.map(text => new DataView(new TextEncoder().encode(text).buffer));
    await this.comm.hear({ method: 'custom', content: { data: JSON.stringify(message) } }, bytes);
    await this.settle();
  }

  async update(state: Content): Promise<void> {
    await this.comm.hear({ method: 'update', state });
  }

  /** Let every promise that can go on do so. */
  async settle(): Promise<void> {
    await new Promise(resolve => setTimeout(resolve));
  }

  /** The browser shows what was painted, and asks for what is to be painted. */
  async show_frame(): Promise<void> {
    for (const callback of this.#frames.splice(0)) {
      callback();
    }
    await this.settle();
  }
}
