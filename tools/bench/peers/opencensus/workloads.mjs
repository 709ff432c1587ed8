import { CoreTracer, CoreTracerBase, ExporterBuffer } from '@opencensus/core';

/**
 * At end() a span is shown to the exporter, which puts roots, with their children, into an ExporterBuffer; that hands
 * over each 257 roots at once, without a bound, so nothing is dropped.
 */
function recorder(tracer, samplingRate) {
  let received = 0;
  const exporter = {
    onStartSpan() {},
    onEndSpan(span) {
      if (span.isRootSpan()) buffer.addToBuffer(span);
    },
    publish(roots) {
      for (const root of roots) received += 1 + root.spans.length;
    },
  };
  const buffer = new ExporterBuffer(exporter, { bufferSize: 256 });
  tracer.start({ samplingRate });
  tracer.registerSpanEventListener(exporter);
  return () => {
    buffer.flush();
    return received;
  };
}

export function sampledTrace() {
  const tracer = new CoreTracerBase(); // the tracer without a context
  const received = recorder(tracer, 1);
  function record(root) {
    root.addAttribute('shop.customer', 'c-4711');
    root.addAttribute('shop.currency', 'EUR');
    root.addAttribute('cart.items', 3);
    root.addAttribute('cart.cached', false);
    root.addAnnotation('cache miss');
    const child = tracer.startChildSpan({ name: 'load cart', childOf: root });
    child.addAttribute('db.table', 'carts');
    child.addAttribute('db.rows', 3);
    child.end();
    root.end();
  }
  return { run: () => tracer.startRootSpan({ name: 'GET /cart/:id' }, record), received };
}

export function activeTrace() {
  const tracer = new CoreTracer();
  const received = recorder(tracer, 1);
  function record(root) {
    root.addAttribute('shop.customer', 'c-4711');
    root.addAttribute('shop.currency', 'EUR');
    root.addAttribute('cart.items', 3);
    root.addAttribute('cart.cached', false);
    root.addAnnotation('cache miss');
    const child = tracer.startChildSpan({ name: 'load cart' });
    child.addAttribute('db.table', 'carts');
    child.addAttribute('db.rows', 3);
    child.end();
    root.end();
  }
  return { run: () => tracer.startRootSpan({ name: 'GET /cart/:id' }, record), received };
}

export function unsampledSpan() {
  const tracer = new CoreTracerBase();
  const received = recorder(tracer, -1); // 0 would mean its default of 1/10,000
  function record(root) {
    root.end();
    return root;
  }
  return { run: () => tracer.startRootSpan({ name: 'GET /cart/:id' }, record), received };
}
