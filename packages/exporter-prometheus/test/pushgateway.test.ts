import { count, measure, telemetry, view } from '@oc/core';
import type { ExportCall, Metric } from '@oc/core/exporter';
import { answering, HttpServer, Programs } from '@oc/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type PushgatewayOptions, pushgateway } from '../src/index.ts';
import { numbers } from './rendering.ts';

/** A gateway that takes all, and where it is. */
async function gateway(): Promise<{ server: HttpServer; url: string }> {
  const server = await HttpServer.open(() => []);
  server.behave = answering({ status: 200 });
  onTestFinished(() => server.tcp.close());
  return { server, url: `http://127.0.0.1:${server.tcp.port}` };
}

function call(warnings: string[] = []): ExportCall {
  const resource = { labels: { 'service.name': 'nightly' } };
  return { resource, signal: AbortSignal.timeout(10_000), warn: (message) => void warnings.push(message) };
}

const hits = numbers('shop/hits', ['job', 'shop'], [[['import', 'eu'], 7]]);

async function push(options: PushgatewayOptions, metrics: readonly Metric[] = [hits], to = call()): Promise<void> {
  const exporter = pushgateway(options);
  await exporter.exportMetrics?.(metrics, to).finally(() => exporter.close?.(AbortSignal.timeout(5_000)));
}

describe('a push', () => {
  it('replaces the group of its service by a page in text without times', async () => {
    const { server, url } = await gateway();
    await push({ url });
    expect(
      server.arrivals.map(({ method, path, headers, body }) => [method, path, headers['content-type'], `${body}`]),
    ).toEqual([
      [
        'PUT',
        '/metrics/job/nightly',
        'text/plain; version=0.0.4; charset=utf-8',
        '# HELP shop_hits_total shop_hits_total\n# TYPE shop_hits_total counter\n' +
          'shop_hits_total{job_="import",shop="eu"} 7\n', // the gateway would write its own `job` over the row's
      ],
    ]);
  });

  it.each<[string, PushgatewayOptions, string]>([
    ['a job and labels', { job: 'import', grouping: { instance: 'eu-1' } }, '/metrics/job/import/instance/eu-1'],
    ['signs that a path cannot hold', { job: 'a b?c#d%é' }, '/metrics/job/a%20b%3Fc%23d%25%C3%A9'],
    ['a slash, by base64', { job: 'a', grouping: { path: '/var/tmp' } }, '/metrics/job/a/path@base64/L3Zhci90bXA'],
    ['bytes that base64 writes with + and /', { job: '/>>>???' }, '/metrics/job@base64/Lz4-Pj8_Pw'],
    ['nothing', { job: 'a', grouping: { zone: '' } }, '/metrics/job/a/zone@base64/='],
    ['dots that would lead out', { job: '..', grouping: { a: '.' } }, '/metrics/job@base64/Li4/a@base64/Lg'],
    ['a name of dots', { job: '...' }, '/metrics/job/...'],
  ])('goes to a group with %s', async (_, options, path) => {
    const { server, url } = await gateway();
    await push({ url: `${url}/gateway/`, ...options });
    expect(server.arrivals.map((arrival) => arrival.path)).toEqual([`/gateway${path}`]);
  });

  it('adds to a group with POST, and is compressed when it is large', async () => {
    const { server, url } = await gateway();
    const rows = Array.from({ length: 200 }, (_, i) => [[`s${i}`], i] as const);
    await push({ url, method: 'POST' }, [numbers('shop/hits', ['shop'], rows)]);
    expect(server.arrivals.map(({ method, headers }) => [method, headers['content-encoding']])).toEqual([
      ['POST', 'gzip'],
    ]);
  });

  it('tells of names that clash, once, and keeps clear of those of the gateway', async () => {
    const { server, url } = await gateway();
    const warnings: string[] = [];
    const exporter = pushgateway({ url });
    for (const _ of ['once', 'again']) {
      await exporter.exportMetrics?.([numbers('push_time_seconds', [], [[[], 1]], { type: 'gauge' })], call(warnings));
    }
    await exporter.close?.(AbortSignal.timeout(5_000));
    expect(warnings).toEqual([
      "view 'push_time_seconds' is shown as 'push_time_seconds_2': the Pushgateway has the name 'push_time_seconds'",
    ]);
    expect(`${server.arrivals[1]?.body}`).toMatch(/\npush_time_seconds_2 1\n$/);
  });
});

describe('a refusal', () => {
  it.each([
    [400, 'rejected'],
    [413, 'rejected'], // half of it would replace the other half
    [401, 'misconfigured'],
    [404, 'misconfigured'],
    [503, 'unavailable'],
  ])('with %d is %s', async (status, failure) => {
    const { server, url } = await gateway();
    server.behave = answering({ status, body: 'no' });
    await expect(push({ url })).rejects.toMatchObject({
      failure,
      message: `pushgateway: PUT ${url}/metrics/job/nightly answered ${status}: no`,
    });
  });

  it('never makes core cut a collection: there is no limit of time series', () => {
    expect(pushgateway().limits).toBeUndefined();
  });
});

describe('at shutdown', () => {
  it('the group is deleted if that was asked for, after the last push', async () => {
    const { server, url } = await gateway();
    await push({ url, deleteOnShutdown: true });
    expect(server.arrivals.map(({ method, path }) => [method, path])).toEqual([
      ['PUT', '/metrics/job/nightly'],
      ['DELETE', '/metrics/job/nightly'],
    ]);
  });

  it('nothing is deleted when nothing was pushed', async () => {
    const { server, url } = await gateway();
    await pushgateway({ url, deleteOnShutdown: true }).close?.(AbortSignal.timeout(5_000));
    expect(server.arrivals).toEqual([]);
  });

  it('a delete that fails is told', async () => {
    const { server, url } = await gateway();
    const problems: string[] = [];
    const orders = measure({ name: 'shop/orders' });
    const oc = telemetry({
      service: 'nightly',
      exporters: [pushgateway({ url, deleteOnShutdown: true })],
      views: [view({ measure: orders, aggregation: count() })],
      onError: ({ message }) => problems.push(message),
    });
    oc.stats.record([[orders, 1]]);
    server.next(answering({ status: 200 }), answering({ status: 500, body: 'no' }));
    expect(await oc.shutdown()).toMatchObject([{ metrics: { delivered: 1 } }]);
    expect(problems).toEqual([
      `pushgateway: close failed: pushgateway: DELETE ${url}/metrics/job/nightly answered 500: no`,
    ]);
  });
});

it('a script that records and ends has pushed', async () => {
  const { server, url } = await gateway();
  const programs = new Programs({});
  onTestFinished(() => programs.remove());
  const { code, stderr } = await programs.run(`
    import { count, measure, telemetry, view } from '@oc/core';
    import { pushgateway } from '@oc/exporter-prometheus';

    const orders = measure({ name: 'shop/orders' });
    const oc = telemetry({
      service: 'nightly',
      exporters: [pushgateway({ url: '${url}' })],
      views: [view({ measure: orders, aggregation: count() })],
    });
    oc.stats.record([[orders, 1]]);
  `);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(server.arrivals.map(({ path, body }) => [path, `${body}`.split('\n').at(-2)])).toEqual([
    ['/metrics/job/nightly', 'shop_orders_total 1'],
  ]);
});
