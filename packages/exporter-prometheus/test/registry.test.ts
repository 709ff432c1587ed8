import { count, distribution, measure, sum, telemetry, view } from '@oc/core';
import { Counter, Gauge, Registry } from 'prom-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { prometheus } from '../src/index.ts';
import { samplesOf } from './page-reader.ts';
import { pageOf, sourceOf, withoutOwn } from './rendering.ts';

const latency = measure({ name: 'shop/latency', unit: 'ms', description: 'time to "answer"' });
const views = [
  view({ measure: latency, aggregation: distribution([5, 1_000_000]), tagKeys: ['method'] }),
  view({ name: 'shop/requests', measure: latency, aggregation: count(), tagKeys: ['method'], description: 'requests' }),
];

/** A telemetry that puts its views into a registry, with one measurement. */
async function visiting(registry: Registry, options: object = {}) {
  const exporter = prometheus({ registry, ...options });
  const oc = telemetry({ service: 'checkout', labels: { 'service.instance.id': 'i1' }, exporters: [exporter], views });
  onTestFinished(async () => void (await oc.shutdown()));
  await oc.ready;
  oc.stats.record([[latency, 7]], { method: 'GET' });
  return { exporter, oc };
}

describe("our views in a user's registry", () => {
  it('stand beside his own metrics, on the page that he serves', async () => {
    const registry = new Registry();
    new Gauge({ name: 'app_up', help: 'is it up', registers: [registry] }).set(1);
    const { exporter } = await visiting(registry, { constLabels: { region: 'eu' } });
    expect(exporter.address).toBeUndefined();
    expect(withoutOwn(await registry.metrics())).toEqual([
      '# HELP app_up is it up',
      '# TYPE app_up gauge',
      'app_up 1',
      '# HELP shop_latency time to "answer"',
      '# TYPE shop_latency histogram',
      'shop_latency_bucket{method="GET",region="eu",le="5"} 0',
      'shop_latency_bucket{method="GET",region="eu",le="1e+06"} 1',
      'shop_latency_bucket{method="GET",region="eu",le="+Inf"} 1',
      'shop_latency_sum{method="GET",region="eu"} 7',
      'shop_latency_count{method="GET",region="eu"} 1',
      '# HELP shop_requests_total requests',
      '# TYPE shop_requests_total counter',
      'shop_requests_total{method="GET",region="eu"} 1',
    ]);
    expect(samplesOf(await registry.getSingleMetricAsString('target_info').then((text) => `${text}\n`))).toEqual([
      {
        name: 'target_info',
        labels: { service_instance_id: 'i1', service_name: 'checkout', region: 'eu' },
        value: '1',
      },
    ]);
  });

  it('are right in OpenMetrics too, with exemplars, and in text after it', async () => {
    const registry = new Registry();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
    const { oc } = await visiting(registry);
    const context = oc.tracer.span('charge', (span) => {
      oc.stats.record([[latency, 3]], { method: 'GET' });
      return span.context;
    });
    expect(withoutOwn(await registry.metrics())).toEqual([
      "# HELP shop_latency time to 'answer'",
      '# TYPE shop_latency histogram',
      expect.stringMatching(
        new RegExp(
          `^shop_latency_bucket\\{method="GET",le="5\\.0"\\} 1 # \\{trace_id="${context.traceId}",span_id="${context.spanId}"\\} 3 [\\d.]+$`,
        ),
      ),
      'shop_latency_bucket{method="GET",le="1e+06"} 2',
      'shop_latency_bucket{method="GET",le="+Inf"} 2',
      'shop_latency_sum{method="GET"} 10',
      'shop_latency_count{method="GET"} 2',
      '# HELP shop_requests requests',
      '# TYPE shop_requests counter',
      'shop_requests_total{method="GET"} 2',
      '# EOF',
    ]);
    registry.setContentType(Registry.PROMETHEUS_CONTENT_TYPE as never);
    expect(withoutOwn(await registry.metrics())).toContain('shop_requests_total{method="GET"} 2');
  });

  it("come as JSON for a cluster, and survive a reset that is for the user's own", async () => {
    const registry = new Registry();
    await visiting(registry);
    registry.resetMetrics();
    expect((await registry.getMetricsAsJSON()).find(({ name }) => name === 'shop_requests_total')).toEqual({
      name: 'shop_requests_total',
      help: 'requests',
      type: 'counter',
      aggregator: 'sum',
      values: [{ labels: { method: 'GET' }, value: 1 }],
    });
  });

  it('follow when a view is registered later, and are gone after a shutdown', async () => {
    const registry = new Registry();
    const { oc } = await visiting(registry);
    oc.stats.register(view({ name: 'shop/total', measure: latency, aggregation: sum() }));
    oc.stats.record([[latency, 5]]);
    await registry.metrics(); // the scrape that finds it
    expect(withoutOwn(await registry.metrics())).toContain('shop_total 5');
    await oc.shutdown();
    expect(registry.getMetricsAsArray()).toEqual([]);
  });

  it('give way to a name that is there already, with one warning', async () => {
    const registry = new Registry();
    new Counter({ name: 'shop_requests_total', help: 'his own', registers: [registry] }).inc(9);
    const warnings: string[] = [];
    await pageOf({ registry }, 'text', { ...sourceOf([], { warnings }), views: () => views });
    expect(registry.getMetricsAsArray().map(({ name }) => name)).toEqual(
      expect.arrayContaining(['shop_requests_total', 'shop_requests_2_total', 'shop_latency']),
    );
    expect(warnings).toEqual([
      "view 'shop/requests' is shown as 'shop_requests_2_total': the counter 'shop_requests' of prom-client has the name 'shop_requests'",
    ]);
  });
});
