import { telemetry } from '@oc/core';
import type { Exporter, Fetch, SpanData } from '@oc/core/exporter';
import { datadog } from '@oc/exporter-datadog';
import { jaeger } from '@oc/exporter-jaeger';
import { ocagent } from '@oc/exporter-ocagent';
import { otlp } from '@oc/exporter-otlp';
import { zipkin } from '@oc/exporter-zipkin';
import type { EncodeTask, FloodTask, Sample } from './task.ts';

/** The exporter whole, but for its request: what it would have written is kept. */
function encoder(sample: Sample, make: (fetch: Fetch) => Exporter, status = 200): EncodeTask<SpanData> {
  const finished: SpanData[] = [];
  const keeping = {
    name: 'keeping',
    async exportSpans(spans: readonly SpanData[]): Promise<void> {
      finished.push(...spans);
    },
  };
  const { tracer, flush } = telemetry({ service: 'bench', exporters: [keeping] });
  const parent = { ...sample.parent, sampled: true };
  const links = [{ context: { ...sample.link, sampled: true } }];
  let body: string | Uint8Array = '';
  const exporter = make(async (_url, request) => {
    body = request.body;
    return { status, headers: new Headers(), body: null };
  });
  const call = { resource: { labels: { 'service.name': 'bench' } }, signal: new AbortController().signal, warn() {} };
  return {
    async spans(count) {
      for (let i = 0; i < count; i++) {
        const span = tracer.startSpan(sample.name, { kind: 'client', parent, links });
        span.setAttributes(sample.attributes);
        for (const event of sample.events) span.annotate(event);
        span.end();
      }
      await flush();
      return finished.splice(0);
    },
    async encode(spans) {
      await exporter.exportSpans?.(spans, call);
      return body;
    },
  };
}

export function zipkinJson(sample: Sample): EncodeTask<SpanData> {
  return encoder(sample, (fetch) => zipkin({ fetch }), 202);
}

export function otlpProtobuf(sample: Sample): EncodeTask<SpanData> {
  return encoder(sample, (fetch) => otlp({ fetch }));
}

export function otlpJson(sample: Sample): EncodeTask<SpanData> {
  return encoder(sample, (fetch) => otlp({ protocol: 'http/json', fetch }));
}

export function jaegerThrift(sample: Sample): EncodeTask<SpanData> {
  return encoder(sample, (fetch) => jaeger({ fetch }), 202);
}

export function datadogMsgpack(sample: Sample): EncodeTask<SpanData> {
  return encoder(sample, (fetch) => datadog({ fetch }));
}

export function ocagentJson(sample: Sample): EncodeTask<SpanData> {
  return encoder(sample, (fetch) => ocagent({ protocol: 'http', fetch }));
}

/** Sends with all defaults. */
export function flood(origin: string): FloodTask {
  const oc = telemetry({ service: 'bench', exporters: [otlp({ url: origin })] });
  return {
    run() {
      const root = oc.tracer.startSpan('GET /cart/:id');
      root.setAttribute('shop.customer', 'c-4711');
      root.setAttribute('shop.currency', 'EUR');
      root.setAttribute('cart.items', 3);
      root.setAttribute('cart.cached', false);
      root.annotate('cache miss');
      const child = oc.tracer.startSpan('load cart', { parent: root });
      child.setAttribute('db.table', 'carts');
      child.setAttribute('db.rows', 3);
      child.end();
      root.end();
    },
    done: () => oc.shutdown({ withinMs: 60_000 }),
  };
}
