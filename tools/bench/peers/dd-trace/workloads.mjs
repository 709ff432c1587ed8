import ddTrace from 'dd-trace';

/**
 * When the last span of a trace finishes, all of them are mapped to the agent's shape (not yet to bytes) and given to
 * the exporter. It has no option for an exporter of one's own, so the exporter is replaced from outside.
 */
function recorder() {
  let batch = [];
  let received = 0;
  const tracer = ddTrace.init({ service: 'bench', plugins: false, startupLogs: false });
  tracer._tracer._processor._exporter = {
    export(spans) {
      received += spans.length;
      if (batch.push(spans) === 256) batch = [];
    },
  };
  return { tracer, received: () => received };
}

export function sampledTrace() {
  const { tracer, received } = recorder();
  function run() {
    const root = tracer.startSpan('GET /cart/:id');
    root.setTag('shop.customer', 'c-4711');
    root.setTag('shop.currency', 'EUR');
    root.setTag('cart.items', 3);
    root.setTag('cart.cached', false);
    root.addEvent('cache miss');
    const child = tracer.startSpan('load cart', { childOf: root });
    child.setTag('db.table', 'carts');
    child.setTag('db.rows', 3);
    child.finish();
    root.finish();
  }
  return { run, received };
}

export function activeTrace() {
  const { tracer, received } = recorder();
  function run() {
    const root = tracer.startSpan('GET /cart/:id');
    root.setTag('shop.customer', 'c-4711');
    root.setTag('shop.currency', 'EUR');
    root.setTag('cart.items', 3);
    root.setTag('cart.cached', false);
    root.addEvent('cache miss');
    tracer.scope().activate(root, () => {
      const child = tracer.startSpan('load cart', { childOf: tracer.scope().active() });
      child.setTag('db.table', 'carts');
      child.setTag('db.rows', 3);
      child.finish();
    });
    root.finish();
  }
  return { run, received };
}
