import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { count, distribution, lastValue, measure, sum, type Telemetry, telemetry, view } from '@oc/core';
import { samples } from '@oc/testkit';
import { Counter, Histogram, Registry } from 'prom-client';
import { afterAll, describe, expect, it } from 'vitest';
import { prometheus as prometheusServer } from '../../../tools/receivers/prometheus.ts';
import { pushgateway as pushgatewayServer } from '../../../tools/receivers/pushgateway.ts';
import { receiving } from '../../../tools/receivers/receiving.ts';
import { prometheus, pushgateway } from '../src/index.ts';
import { numbers, rendered } from './rendering.ts';

const latency = measure({ name: 'shop/latency', unit: 'ms', description: 'time to "answer"' });
const open = measure({ name: 'shop/open' });
const views = [
  view({ measure: latency, aggregation: distribution([5, 10, 50, 1_000_000]), tagKeys: ['http.method'] }),
  view({ name: 'shop/requests', measure: latency, aggregation: count(), tagKeys: ['http.method'] }),
  view({ name: 'shop/milliseconds', measure: latency, aggregation: sum() }),
  view({ measure: open, aggregation: lastValue(), tagKeys: ['cart'] }),
];
const HOSTILE = '"quoted" \\ line\nbreak \u2028 \u0000 ключ 🙂';

/** Records what Prometheus has to give back. Returns the trace of the exemplar. */
function record(oc: Telemetry): string {
  for (const value of [3, 6, 20, 20]) oc.stats.record([[latency, value]], { 'http.method': 'GET' });
  oc.stats.record([[open, -2.5]], { cart: HOSTILE });
  return oc.tracer.span('charge', (span) => {
    oc.stats.record([[latency, 70]], { 'http.method': 'GET' });
    return span.context.traceId;
  });
}

const registry = new Registry();
new Counter({ name: 'jobs_total', help: 'jobs', registers: [registry] }).inc(3);
new Histogram({ name: 'wait', help: 'wait', buckets: [1, 2], registers: [registry] }).observe(1.5);
const exporter = prometheus({ port: 0, include: registry });
const oc = telemetry({ service: 'checkout', exporters: [exporter], views, onError: () => {} });
const traceId = record(oc);
const gateway = receiving(pushgatewayServer);
const prom = receiving(prometheusServer, async () => ({ pages: await pages() }));

/** What a batch job does before it ends. */
async function push(): Promise<void> {
  const batch = telemetry({
    service: 'nightly/import',
    exporters: [pushgateway({ url: gateway().origin, grouping: { zone: '' } })],
    views,
  });
  record(batch);
  expect(await batch.shutdown()).toMatchObject([{ metrics: { delivered: 4, dropped: {} } }]);
}

/** Pages in both formats, a bad one, the Pushgateway's, and one for each sample of the testkit. */
async function pages(): Promise<Record<string, string>> {
  await oc.ready;
  await push();
  const server = createServer((request, response) => {
    const [, page, at] = (request.url ?? '').split('/');
    if (page === 'text') {
      request.headers.accept = 'text/plain';
      exporter.handler(request, response);
    } else if (page === 'sample') {
      const [metric] = Object.values(samples.metrics).slice(Number(at));
      response.setHeader('content-type', 'application/openmetrics-text; version=1.0.0; charset=utf-8');
      response.end(rendered(metric ? [metric] : [], 'openmetrics'));
    } else response.setHeader('content-type', 'text/plain; version=0.0.4').end('good 1\nbad metric 2\n');
  }).listen(0, '127.0.0.1');
  server.unref();
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    openmetrics: `http://127.0.0.1:${exporter.address?.port}/metrics`,
    text: `${origin}/text`,
    bad: `${origin}/bad`,
    pushed: `${gateway().origin}/metrics`,
    ...Object.fromEntries(Object.keys(samples.metrics).map((_, at) => [`sample-${at}`, `${origin}/sample/${at}`])),
  };
}

afterAll(async () => void (await oc.shutdown()));

describe('Prometheus', { timeout: 60_000 }, () => {
  it.each(['openmetrics', 'text'])('has what is on a page in %s', async (job) => {
    expect(await prom().target(job)).toEqual({ health: 'up', lastError: '' });
    const valuesOf = async (expression: string): Promise<Record<string, string>> => {
      const found = await prom().query(expression);
      const key = ({ __name__ = '', le = '', reason = '' }: Readonly<Record<string, string>>) => __name__ + le + reason;
      return Object.fromEntries(found.map(({ metric, value }) => [key(metric), value]));
    };
    const dot = job === 'openmetrics' ? '.0' : '';
    expect(await valuesOf(`{job="${job}",__name__=~"shop_.*|jobs_.*|wait_sum",__name__!~".*_created"}`)).toEqual({
      [`shop_latency_bucket5${dot}`]: '1',
      [`shop_latency_bucket10${dot}`]: '2',
      [`shop_latency_bucket50${dot}`]: '4',
      'shop_latency_bucket1e+06': '5',
      'shop_latency_bucket+Inf': '5',
      shop_latency_sum: '119',
      shop_latency_count: '5',
      shop_requests_total: '5',
      shop_milliseconds_total: '119',
      shop_open: '-2.5',
      jobs_total: '3',
      wait_sum: '1.5',
    });
    const [open] = await prom().query(`shop_open{job="${job}"}`);
    expect(open?.metric).toMatchObject({ cart: HOSTILE });
    const [target] = await prom().query(`target_info{job="${job}"}`);
    expect(target?.metric).toMatchObject({ service_name: 'checkout' });
    const median = `histogram_quantile(0.5, shop_latency_bucket{job="${job}",http_method="GET"})`;
    expect(Number((await prom().query(median))[0]?.value)).toBe(20); // a quarter of the way from 10 to 50
  });

  it('has the exemplar of a page in OpenMetrics, and knows types and helps', async () => {
    expect(await prom().exemplars('shop_latency_bucket{job="openmetrics"}')).toEqual([
      {
        seriesLabels: expect.objectContaining({ __name__: 'shop_latency_bucket', le: '1e+06', http_method: 'GET' }),
        exemplars: [
          {
            labels: { trace_id: traceId, span_id: expect.stringMatching(/^[0-9a-f]{16}$/) },
            value: '70',
            timestamp: expect.any(Number),
          },
        ],
      },
    ]);
    const described = await Promise.all(['shop_latency', 'shop_requests', 'shop_open'].map(prom().metadata));
    expect(described.flat().map(({ type, help }) => `${type}: ${help}`)).toEqual(
      expect.arrayContaining(['histogram: time to "answer"', 'counter: time to "answer"', 'gauge: shop_open']),
    );
  });

  it('has what a batch job left at the Pushgateway', async () => {
    const job = 'exported_job="nightly/import"';
    const [requests] = await prom().query(`shop_requests_total{${job}}`);
    expect([requests?.value, requests?.metric.http_method]).toEqual(['5', 'GET']);
    const [median] = await prom().query(`histogram_quantile(0.5, shop_latency_bucket{${job}})`);
    expect(Number(median?.value)).toBe(20);
  });

  it.each(Object.keys(samples.metrics).map((name, at) => [name, at]))('takes the sample: %s', async (_, at) => {
    expect(await prom().target(`sample-${at}`)).toEqual({ health: 'up', lastError: '' });
  });

  it('refuses a page for one bad line', async () => {
    expect(await prom().target('bad')).toMatchObject({ health: 'down', lastError: expect.stringContaining('invalid') });
  });
});

describe('the Pushgateway', () => {
  it('deletes a group at shutdown, and refuses a push that is no page', async () => {
    const exporter = pushgateway({ url: gateway().origin, job: 'short', deleteOnShutdown: true });
    const call = { resource: { labels: {} }, signal: AbortSignal.timeout(10_000), warn() {} };
    const jobs = async (): Promise<readonly unknown[]> => (await gateway().groups()).map(({ labels }) => labels.job);
    await exporter.exportMetrics?.([numbers('shop/short', [], [[[], 1]])], call);
    expect(await jobs()).toContain('short');
    await exporter.close?.(AbortSignal.timeout(10_000));
    expect(await jobs()).not.toContain('short');
    const bad = {
      ...numbers('shop/short', [], [[[], Number('x')]]),
      timeSeries: [{ labelValues: [], time: 0, value: 'x' }],
    };
    await expect(pushgateway({ url: gateway().origin }).exportMetrics?.([bad as never], call)).rejects.toMatchObject({
      failure: 'rejected',
      message: expect.stringMatching(/answered 400: .*expected float/),
    });
  });
});
