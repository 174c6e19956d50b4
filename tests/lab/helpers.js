// In every page, before its own scripts: records what canvases paint, and drives notebooks for tests/lab/harness.py.
window.tests = (() => {
  const books = {};
  const paints = []; // of all canvases, also of those that are gone
  const now = () => (performance.timeOrigin + performance.now()) / 1000;

  const hasPicture = canvas => {
    if (!canvas.width || !canvas.height) return false;
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    const colours = new Uint32Array(pixels.buffer);
    return colours.some(colour => colour !== colours[0]);
  };

  const drawImage = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (...args) {
    drawImage.apply(this, args);
    if (!this.canvas.parentNode) return; // no view's canvas, but one that is painted from
    // A view is painted before it comes onto the page, and perhaps never again.
    const record = (this.canvas.tests ??= { paints: [], shown: null });
    record.paints.push(now());
    if (this.canvas.isConnected) paints.push(record.paints.at(-1));
    if (record.shown === null && hasPicture(this.canvas)) record.shown = now();
  };

  const book = path => books[path];
  const cell = (path, index) => book(path).panel.content.widgets[index];
  const outputs = (path, index) => cell(path, index).model.outputs.toJSON();

  const errors = path =>
    book(path).panel.content.widgets.flatMap(({ model }) =>
      (model.outputs?.toJSON() ?? []).filter(out => out.output_type === 'error').map(out => `${out.ename}: ${out.evalue}`)
    );

  const evaluate = async (path, expression, live) => {
    let kernel = book(path).panel.sessionContext.session.kernel;
    let subshell = null;
    if (live) {
      subshell = (await kernel.requestCreateSubshell({}).done).content.subshell_id;
      kernel = kernel.clone({ handleComms: false });
      kernel.subshellId = subshell;
    }
    const value = `__import__('json').dumps(${expression})`;
    const request = { code: '', store_history: false, user_expressions: { value } };
    const { content } = await kernel.requestExecute(request).done;
    if (live) {
      await kernel.requestDeleteSubshell({ subshell_id: subshell }).done;
      kernel.dispose();
    }
    const result = content.user_expressions?.value ?? content;
    if (result.status !== 'ok') throw new Error(`${expression}: ${result.ename}: ${result.evalue}`);
    return result.data['text/plain'].slice(1, -1).replace(/\\(.)/g, '$1');
  };

  // JupyterLab asks each new kernel for its widgets, and one that has not imported ipywidgets complains.
  const harmless = text => /^No such comm( target registered: jupyter\.widget\.control|: )/.test(text);

  // What figures are sent, and what they say: custom messages, also those of ipympl, which are JSON within JSON.
  const note = (book, { msg, direction }) => {
    const { data, comm_id: figure } = msg.content;
    if (msg.header.msg_type !== 'comm_msg' || data.method !== 'custom') return;
    const content = typeof data.content.data === 'string' ? JSON.parse(data.content.data) : data.content;
    if (direction === 'send') {
      const { guiEvent, ...said } = content;
      book.said.push({ at: now(), figure, ...said });
      book.example = msg;
    } else {
      const { nodes, grown, dropped, updates, ...received } = content;
      book.received.push({ at: now(), figure, ...received });
    }
  };

  // Say something to the kernel as a figure's page does.
  const say = (path, content) => {
    const { example, panel } = book(path);
    panel.sessionContext.session.kernel.sendShellMessage(
      {
        ...example,
        header: { ...example.header, msg_id: `${now()}-${Math.random()}` },
        content: { ...example.content, data: { method: 'custom', content } }
      },
      false,
      true
    );
  };

  // `busy`: the kernel is running a cell, and will not answer.
  const open = async (path, kernel, busy, unwedge) => {
    const panel = await jupyterapp.commands.execute('docmanager:open', {
      path,
      factory: 'Notebook',
      kernel: { name: kernel }
    });
    await Promise.all([panel.context.ready, panel.revealed, panel.sessionContext.ready]);
    panel.node.dataset.test = path;
    books[path] = { panel, runs: {}, commErrors: [], received: [], said: [] };
    panel.sessionContext.session.anyMessage.connect((_, message) => note(books[path], message));
    panel.sessionContext.iopubMessage.connect((_, { header, parent_header, content }) => {
      if (parent_header.msg_type === 'execute_request') return;
      if (header.msg_type === 'error') books[path].commErrors.push(content.traceback.join('\n'));
      if (header.msg_type === 'stream' && content.name === 'stderr' && !harmless(content.text))
        books[path].commErrors.push(content.text);
    });
    if (busy) return;
    // ipykernel < 7.4 may go deaf (UNWEDGE in tests/kernels.py) under the requests that come as a notebook opens, the
    // first of which is the one for its info. As soon as it answers it is cured, for tests/kernel shows that tfwidget
    // does so, too.
    const cure = `exec(${JSON.stringify(unwedge)}, {})`;
    const answer = () => panel.sessionContext.session.kernel.info.then(() => evaluate(path, cure));
    const late = () => new Promise(resolve => setTimeout(resolve, 10000, 'late'));
    while ((await Promise.race([answer(), late()])) === 'late') {
      console.warn(`${kernel} did not answer when ${path} was opened: it is started again`);
      await Promise.race([panel.sessionContext.restartKernel(), late()]);
    }
  };

  const nextFrame = () => new Promise(resolve => requestAnimationFrame(resolve));

  const start = async (path, index) => {
    const { panel, runs } = book(path);
    jupyterapp.shell.activateById(panel.id);
    while (jupyterapp.shell.currentWidget !== panel) await nextFrame(); // commands act on the current widget
    panel.content.deselectAll();
    panel.content.activeCellIndex = index;
    const run = (runs[index] = { done: false });
    const end = outcome => Object.assign(run, { done: true, ...outcome });
    jupyterapp.commands.execute('notebook:run-cell').then(
      () => end({}),
      error => end({ error: String(error) })
    );
  };

  const close = async path => {
    const { panel } = book(path);
    await panel.sessionContext.shutdown();
    panel.context.model.dirty = false;
    panel.dispose();
    delete books[path];
  };

  return { book, close, errors, evaluate, now, open, outputs, paints, say, start };
})();
