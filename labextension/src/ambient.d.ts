/**
 * What this extension uses of modules that ship no types of their own.
 */
declare module 'jupyter-matplotlib' {
  import { DOMWidgetModel, DOMWidgetView } from '@jupyter-widgets/base';

  /** ipympl's figure: the newest picture, on an offscreen canvas shared by all views. */
  export class MPLCanvasModel extends DOMWidgetModel {
    offscreen_canvas: HTMLCanvasElement;
    offscreen_context: CanvasRenderingContext2D;
    /** The still picture a saved notebook comes with. */
    image: HTMLImageElement;
    /** Device pixels per CSS pixel. */
    ratio: number;
    waiting_for_image: boolean;
    /** Whether the kernel has yet to answer a request for another size. */
    resize_requested: boolean;
    /** Width and height in CSS pixels. */
    get size(): [number, number];
    /** Whether the figure has no kernel. */
    get disabled(): boolean;
    send_message(type: string, message?: Record<string, unknown>): void;
    /** Ask the kernel for another size, in CSS pixels. */
    resize(width: number, height: number): void;
    resize_canvas(): void;
    handle_binary(message: Record<string, unknown>, buffers?: readonly unknown[]): void;
    handle_resize(message: Record<string, unknown>): void;
    on_comm_message(event: unknown, buffers?: readonly unknown[]): void;
    _for_each_view(callback: (view: MPLCanvasView) => void): void;
  }

  export class MPLCanvasView extends DOMWidgetView {
    canvas: HTMLCanvasElement;
    /** Takes the mouse; in CSS pixels. */
    top_canvas: HTMLCanvasElement;
    top_context: CanvasRenderingContext2D;
    canvas_div: HTMLDivElement;
    toolbar_view: DOMWidgetView & { fade_in(): void; fade_out(): void };
    render(): Promise<void>;
    update_canvas(stretch?: boolean): void;
    resize_and_update_canvas(size: [number, number]): void;
    key_event(name: string): (event: KeyboardEvent) => unknown;
    _update_figure_label(): void;
  }
}

declare module '*/package.json' {
  const metadata: { readonly name: string; readonly version: string };
  export default metadata;
}
