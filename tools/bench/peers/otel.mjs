// What OpenTelemetry 2 and 3 do alike. Each major passes its own classes, since their names differ.
import { context, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { ZipkinExporter } from '@opentelemetry/exporter-zipkin';
import { resourceFromAttributes } from '@opentelemetry/resources';

/**
 * At end() a span goes into the processor's array; each 512 are handed to the exporter at once, and while that call is
 * under way (one microtask here) up to 2,048 spans wait; more would be dropped. The harness yields long before that.
 */
export function otel({ Provider, batchProcessor, AlwaysOffSampler }) {
  const resource = resourceFromAttributes({ 'service.name': 'bench' });

  function recorder(options = {}) {
    let received = 0;
    const exporter = {
      export(spans, done) {
        received += spans.length;
        done({ code: 0 });
      },
      shutdown: async () => {},
    };
    const provider = new Provider({ resource, spanProcessors: [batchProcessor(exporter)], ...options });
    return {
      tracer: provider.getTracer('bench'),
      async received() {
        await provider.forceFlush();
        return received;
      },
    };
  }

  return {
    sampledTrace() {
      const { tracer, received } = recorder();
      function run() {
        const root = tracer.startSpan('GET /cart/:id', undefined, ROOT_CONTEXT);
        root.setAttribute('shop.customer', 'c-4711');
        root.setAttribute('shop.currency', 'EUR');
        root.setAttribute('cart.items', 3);
        root.setAttribute('cart.cached', false);
        root.addEvent('cache miss');
        const child = tracer.startSpan('load cart', undefined, trace.setSpan(ROOT_CONTEXT, root));
        child.setAttribute('db.table', 'carts');
        child.setAttribute('db.rows', 3);
        child.end();
        root.end();
      }
      return { run, received };
    },

    activeTrace() {
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      const { tracer, received } = recorder();
      function run() {
        const root = tracer.startSpan('GET /cart/:id', undefined, ROOT_CONTEXT);
        root.setAttribute('shop.customer', 'c-4711');
        root.setAttribute('shop.currency', 'EUR');
        root.setAttribute('cart.items', 3);
        root.setAttribute('cart.cached', false);
        root.addEvent('cache miss');
        context.with(trace.setSpan(context.active(), root), () => {
          const child = tracer.startSpan('load cart');
          child.setAttribute('db.table', 'carts');
          child.setAttribute('db.rows', 3);
          child.end();
        });
        root.end();
      }
      return { run, received };
    },

    unsampledSpan() {
      const { tracer, received } = recorder({ sampler: new AlwaysOffSampler() });
      function run() {
        const span = tracer.startSpan('GET /cart/:id', undefined, ROOT_CONTEXT);
        span.end();
        return span;
      }
      return { run, received };
    },

    zipkinJson(sample) {
      const finished = [];
      const keep = {
        onStart() {},
        onEnd: (span) => finished.push(span),
        forceFlush: async () => {},
        shutdown: async () => {},
      };
      const tracer = new Provider({ resource, spanProcessors: [keep] }).getTracer('bench');
      const parent = trace.setSpanContext(ROOT_CONTEXT, { ...sample.parent, traceFlags: 1 });
      const links = [{ context: { ...sample.link, traceFlags: 1 } }];
      // The exporter whole, but for its request: what it would have written is kept.
      const exporter = new ZipkinExporter();
      let body = '';
      exporter._send = (zipkinSpans, done) => {
        body = JSON.stringify(zipkinSpans);
        done({ code: 0 });
      };
      return {
        spans(count) {
          for (let i = 0; i < count; i++) {
            const span = tracer.startSpan(sample.name, { kind: SpanKind.CLIENT, links }, parent);
            span.setAttributes(sample.attributes);
            for (const event of sample.events) span.addEvent(event);
            span.end();
          }
          return finished.splice(0);
        },
        encode(spans) {
          exporter.export(spans, () => {});
          return body;
        },
      };
    },
  };
}
