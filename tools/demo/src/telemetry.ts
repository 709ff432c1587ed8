import { count, distribution, type Exporter, lastValue, measure, sum, telemetry, view } from '@oc/core';
import { consoleExporter } from '@oc/exporter-console';
import { zipkin } from '@oc/exporter-zipkin';
import { zpages } from '@oc/exporter-zpages';
import { archive } from './archive.ts';
import { rpcViews } from './rpcs.ts';

// Measures: what is measured. They hold no numbers, so any file may import them.
export const latency = measure({ name: 'shop/latency', unit: 'ms', description: 'time to answer a request' });
export const price = measure({ name: 'shop/price', unit: 'EUR', description: 'price of an item that was sold' });
export const revenue = measure({ name: 'shop/revenue', unit: 'EUR', description: 'what was paid' });
export const waiting = measure({ name: 'shop/waiting', type: 'int64', description: 'orders that wait for shipping' });

// Views: what is made of the measurements. One row for each combination of values of the tag keys.
const views = [
  view({ name: 'shop/requests', measure: latency, aggregation: count(), tagKeys: ['status'] }),
  view({ measure: latency, aggregation: distribution([5, 10, 25, 50, 100, 250, 500, 1_000]), tagKeys: ['route'] }),
  view({ name: 'shop/items_sold', measure: price, aggregation: count(), tagKeys: ['product'] }),
  view({ measure: revenue, aggregation: sum(), tagKeys: ['channel'] }),
  view({ measure: waiting, aggregation: lastValue() }),
  ...rpcViews,
];

/** Zipkin, if the environment asks for it: a URL, or '1' for the usual address. */
function zipkinIfWanted(): Exporter[] {
  const { ZIPKIN, OTEL_EXPORTER_ZIPKIN_ENDPOINT } = process.env;
  if (ZIPKIN && ZIPKIN !== '1') return [zipkin({ url: ZIPKIN })];
  return ZIPKIN || OTEL_EXPORTER_ZIPKIN_ENDPOINT ? [zipkin()] : [];
}

/** The pages that show all of it in a browser. */
export const pages = zpages({ port: Number(process.env.ZPAGES_PORT ?? 55_679), allowConfigChange: true });

/** The one telemetry of this process. */
export const oc = telemetry({
  service: 'shop',
  views,
  // An exporter alone, or a pair: the exporter and how it is served.
  exporters: [
    pages,
    [consoleExporter({ format: 'pretty' }), { metricsEveryMs: 15_000 }],
    [archive(), { signals: ['spans'] }],
    ...zipkinIfWanted(),
  ],
});
