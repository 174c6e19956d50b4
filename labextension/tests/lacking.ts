/** What jsdom lacks and JupyterLab's packages ask for as they are loaded: to be imported before them. */
globalThis.DragEvent ??= class extends MouseEvent {} as typeof DragEvent;
