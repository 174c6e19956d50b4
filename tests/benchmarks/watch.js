// In JupyterLab's page: notes what comes for figures and what it shows, and loses messages, for tests/benchmarks/browser.py.
window.watch = (() => {
  const frames = []; // of messages that move something: when it came, and the newest step of its curves
  const keyframes = []; // when they came
  const healed = []; // of gaps: when the first message was lost, and when a keyframe came
  let curves = new Map(); // by id: the offset of the steps
  let version, lost, comm, client, every, count;

  const reset = () => {
    frames.length = keyframes.length = healed.length = tests.paints.length = count = 0;
  };

  // The last x of a path's points, if they are a curve's.
  const lastStep = (id, { at, shape }, buffer) => {
    if (!curves.has(id) || shape[0] === 0) return 0;
    return curves.get(id) + new DataView(buffer).getFloat32(at + 8 * (shape[0] - 1), true);
  };

  // See tfwidget/scene/protocol.py.
  const scene = ({ base, version: next, nodes, grown, dropped }, buffer) => {
    if (base === null) {
      curves = new Map();
      keyframes.push(tests.now());
      if (lost) healed.push([lost, tests.now()]);
      lost = undefined;
    } else if (base !== version) {
      return; // the page shows nothing of it
    }
    version = next;
    let step = 0;
    for (const [id, node] of nodes) {
      if (node.kind) curves.delete(id);
      if (node.kind === 'path' && node.ascending && node.coords[0] === 'data') curves.set(id, node.offset[0]);
      else if (curves.has(id) && node.offset) curves.set(id, node.offset[0]);
      if (node.points) step = Math.max(step, lastStep(id, node.points, buffer));
    }
    for (const [id, points] of grown) step = Math.max(step, lastStep(id, points, buffer));
    for (const id of dropped) curves.delete(id);
    if (nodes.length || grown.length) frames.push([tests.now(), step]);
  };

  const bytes = buffer => (ArrayBuffer.isView(buffer) ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength).slice().buffer : buffer);

  const kernelOf = path => tests.book(path).panel.sessionContext.session.kernel;

  const attach = path => {
    const kernel = kernelOf(path);
    kernel.anyMessage.connect((_, { msg, direction }) => {
      const content = msg.content.data?.content;
      if (msg.header.msg_type !== 'comm_msg' || !content) return;
      if (direction === 'send') {
        client = content.client ?? client;
        return;
      }
      if (content.type === 'scene') {
        comm = msg.content.comm_id;
        scene(content, bytes(msg.buffers[0]));
      } else if (typeof content.data === 'string' && /"binary"/.test(content.data)) frames.push([tests.now(), 0]);
    });
    const socket = kernel._ws;
    const take = socket.onmessage;
    socket.onmessage = event => {
      if (every && /"msg_type": ?"comm_msg"/.test(new TextDecoder('latin1').decode(event.data.slice?.(0, 4000)))) {
        count += 1;
        if (count % every === 0) {
          if (/"type": ?"scene"/.test(new TextDecoder('latin1').decode(event.data))) lost ??= tests.now();
          return;
        }
      }
      take.call(socket, event);
    };
  };

  // Lose one of so many of the kernel's messages to widgets; 0: none.
  const lose = number => {
    every = number;
    count = 0;
  };

  // Ask for a keyframe as the page does.
  const keyframe = path =>
    kernelOf(path)._comms.get(comm)?.send({ method: 'custom', content: { type: 'keyframe', client } });

  return { attach, frames, healed, keyframe, keyframes, lose, reset };
})();
