// A server that loses messages on their way to the page, before the page's own scripts see them.
// `every`: one in so many of those to figures, 0 for none. `next`: the next one of this type.
window.lossy = { every: 0, next: null, seen: 0, lost: [] };

window.WebSocket = class extends WebSocket {
  set onmessage(handler) {
    super.onmessage = event => {
      if (!(event.data instanceof ArrayBuffer) || !this.isLost(event.data)) handler.call(this, event);
    };
  }

  get onmessage() {
    return super.onmessage;
  }

  // Jupyter's protocol v1: where each part begins, then the parts: channel, header, parent, metadata, content, buffers.
  isLost(data) {
    if (!lossy.every && !lossy.next) return false;
    const view = new DataView(data);
    const begins = i => Number(view.getBigUint64(8 * (i + 1), true));
    const part = i => new TextDecoder().decode(data.slice(begins(i), begins(i + 1)));
    if (part(0) !== 'iopub' || JSON.parse(part(1)).msg_type !== 'comm_msg') return false;
    const content = JSON.parse(part(4)).data?.content;
    const { type } = typeof content?.data === 'string' ? JSON.parse(content.data) : (content ?? {});
    if (!['scene', 'binary', 'sync'].includes(type)) return false;
    lossy.seen += 1;
    if (type !== lossy.next && !(lossy.every && lossy.seen % lossy.every === 0)) return false;
    if (type === lossy.next) lossy.next = null;
    lossy.lost.push({ type, at: tests.now() });
    return true;
  }
};
