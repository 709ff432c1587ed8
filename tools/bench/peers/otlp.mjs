// What OpenTelemetry 2 and 3 do alike with OTLP. Each major passes its own classes, since their names differ.
import { ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';

export function otlp({ Provider, batchProcessor }) {
  const resource = resourceFromAttributes({ 'service.name': 'bench' });

  function encoder(serializer, sample) {
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
      encode: (spans) => serializer.serializeRequest(spans),
    };
  }

  return {
    otlpProtobuf: (sample) => encoder(ProtobufTraceSerializer, sample),
    otlpJson: (sample) => encoder(JsonTraceSerializer, sample),

    flood(origin) {
      const exporter = new OTLPTraceExporter({ url: `${origin}/v1/traces` });
      const provider = new Provider({ resource, spanProcessors: [batchProcessor(exporter)] });
      const tracer = provider.getTracer('bench');
      return {
        run() {
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
        },
        done: () => provider.shutdown(),
      };
    },
  };
}
