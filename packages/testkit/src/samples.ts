import type { Metric, Resource, SpanData } from '@oc/core/exporter';
import { metrics } from './samples/metrics.ts';
import { spans } from './samples/spans.ts';

const resource: Resource = Object.freeze({
  type: 'container',
  labels: Object.freeze({
    'service.name': 'checkout',
    'service.version': '1.2.3',
    'service.instance.id': '0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f1',
    'container.name': 'checkout-7d9',
    'cloud.zone': 'eu "west" \u00fc',
  }),
});

/**
 * Data that covers each kind, value type, limit, script and edge of the model, by what each is a sample of. The same in
 * each run.
 */
export const samples: {
  readonly spans: Readonly<Record<string, SpanData>>;
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly resource: Resource;
} = { spans, metrics, resource };
