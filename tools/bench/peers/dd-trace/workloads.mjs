import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import ddTrace from 'dd-trace';

const require = createRequire(import.meta.url);

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

/** Mapping to the agent's shape and MessagePack, version 0.4: its own encoder, which has no public way in. */
export function datadogMsgpack(sample) {
  const { tracer } = recorder();
  const folder = dirname(require.resolve('dd-trace/package.json'));
  const format = require(`${folder}/packages/dd-trace/src/span_format.js`);
  const { AgentEncoder } = require(`${folder}/packages/dd-trace/src/encode/0.4.js`);
  const encoder = new AgentEncoder({ flush() {} });
  const childOf = tracer.extract('http_headers', {
    'x-datadog-trace-id': '1234567890123456789',
    'x-datadog-parent-id': '987654321',
    'x-datadog-sampling-priority': '1',
  });
  const link = tracer.startSpan('link').context();
  tracer._tracer._processor.process = () => {};
  return {
    spans: (count) =>
      Array.from({ length: count }, () => {
        const span = tracer.startSpan(sample.name, { childOf });
        for (const [key, value] of Object.entries(sample.attributes)) span.setTag(key, value);
        for (const event of sample.events) span.addEvent(event);
        span.addLink({ context: link, attributes: {} });
        span.finish();
        return span;
      }),
    encode(spans) {
      encoder.encode(spans.map((span, at) => format(span, at === 0)));
      return encoder.makePayload();
    },
  };
}
