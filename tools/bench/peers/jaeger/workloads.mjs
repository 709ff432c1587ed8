import jaeger from 'jaeger-client';

/**
 * At finish() the reporter maps the span to Thrift's shape (not yet to bytes) and appends it to the sender's batch;
 * this sender throws each full batch away. Spans that are not sampled are not reported.
 */
function recorder(sampled) {
  let batch = [];
  let received = 0;
  const sender = {
    setProcess() {},
    append(span, done) {
      received++;
      if (batch.push(span) === 512) batch = [];
      done(0);
    },
    flush: (done) => done(0),
    close() {},
  };
  const reporter = new jaeger.RemoteReporter(sender);
  return {
    tracer: new jaeger.Tracer('bench', reporter, new jaeger.ConstSampler(sampled)),
    received: () => received,
  };
}

export function sampledTrace() {
  const { tracer, received } = recorder(true);
  function run() {
    const root = tracer.startSpan('GET /cart/:id');
    root.setTag('shop.customer', 'c-4711');
    root.setTag('shop.currency', 'EUR');
    root.setTag('cart.items', 3);
    root.setTag('cart.cached', false);
    root.log({ event: 'cache miss' });
    const child = tracer.startSpan('load cart', { childOf: root });
    child.setTag('db.table', 'carts');
    child.setTag('db.rows', 3);
    child.finish();
    root.finish();
  }
  return { run, received };
}

export function unsampledSpan() {
  const { tracer, received } = recorder(false);
  function run() {
    const span = tracer.startSpan('GET /cart/:id');
    span.finish();
    return span;
  }
  return { run, received };
}
