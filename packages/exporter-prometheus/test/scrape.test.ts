import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { count, lastValue, measure, sum, telemetry, view } from '@oc/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type PrometheusExporter, type PrometheusOptions, prometheus } from '../src/index.ts';
import { ask, open } from './client.ts';
import { samplesOf } from './page-reader.ts';

const orders = measure({ name: 'shop/orders', description: 'orders that came in' });

/** An exporter that listens on a free port, and the telemetry that it shows. */
async function listening(options: PrometheusOptions = {}, series = 1) {
  const exporter = prometheus({ port: 0, ...options });
  const problems: string[] = [];
  const oc = telemetry({
    service: 'checkout',
    exporters: [exporter],
    views: [view({ measure: orders, aggregation: sum(), tagKeys: ['shop'] })],
    limits: { seriesPerView: 1_000_000 },
    onError: ({ message }) => problems.push(message),
  });
  onTestFinished(async () => void (await oc.shutdown()));
  for (let i = 0; i < series; i++) oc.stats.record([[orders, i + 1]], { shop: `s${i}` });
  await oc.ready;
  return { exporter, oc, problems };
}

const ordersIn = (page: Buffer | string): readonly unknown[] =>
  samplesOf(`${page}`).filter(({ name }) => name === 'shop_orders_total');

const expected = [{ name: 'shop_orders_total', labels: { shop: 's0' }, value: '1' }];

describe('the page', () => {
  it('is text by default, and OpenMetrics for those who ask for it', async () => {
    const { exporter } = await listening();
    const text = await ask(exporter.address);
    const openMetrics = await ask(exporter.address, '/metrics', {
      headers: { accept: 'application/openmetrics-text' },
    });
    expect([text.headers['content-type'], openMetrics.headers['content-type']]).toEqual([
      'text/plain; version=0.0.4; charset=utf-8',
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    ]);
    expect(ordersIn(text.body)).toEqual(expected);
    expect(`${openMetrics.body}`).toMatch(
      /\nshop_orders_total\{shop="s0"\} 1\nshop_orders_created\{[^}]+\} [\d.]+\n# EOF\n$/,
    );
  });

  it('goes compressed when it is above 1 KiB and the client takes gzip, to caches told apart', async () => {
    const { exporter, oc } = await listening();
    const small = await ask(exporter.address, '/metrics', { headers: { 'accept-encoding': 'gzip' } });
    for (let i = 1; i < 100; i++) oc.stats.record([[orders, i + 1]], { shop: `s${i}` });
    const plain = await ask(exporter.address, '/metrics', { headers: { 'accept-encoding': 'gzip;q=0, br' } });
    const large = await ask(exporter.address, '/metrics', { headers: { 'accept-encoding': 'br, gzip' } });
    expect([small, plain, large].map(({ headers }) => [headers['content-encoding'], headers.vary])).toEqual([
      [undefined, 'Accept, Accept-Encoding'],
      [undefined, 'Accept, Accept-Encoding'],
      ['gzip', 'Accept, Accept-Encoding'],
    ]);
    expect(small.headers['content-length']).toBe(`${small.body.length}`);
    expect(gunzipSync(large.body)).toEqual(plain.body);
  });

  it('is not made for HEAD', async () => {
    const { exporter, oc } = await listening();
    let readings = 0;
    oc.stats.observe(orders, () => ++readings, { shop: 'observed' });
    const { status, headers, body } = await ask(exporter.address, '/metrics', { method: 'HEAD' });
    expect([status, headers['content-type'], body.length, readings]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
      0,
      0,
    ]);
  });

  it('shows views that are registered later, and keeps the names that it gave', async () => {
    const { exporter, oc, problems } = await listening();
    oc.stats.register(view({ name: 'shop.orders', measure: orders, aggregation: count() }));
    for (const _ of ['once', 'again']) {
      oc.stats.record([[orders, 1]], { shop: 's0' });
      const names = samplesOf(`${(await ask(exporter.address)).body}`).map(({ name }) => name);
      expect(names.filter((name) => name.startsWith('shop'))).toEqual(['shop_orders_total', 'shop_orders_2_total']);
    }
    expect(problems).toEqual([
      "prometheus: view 'shop.orders' is shown as 'shop_orders_2_total': view 'shop/orders' has the name 'shop_orders'",
    ]);
  });

  it('is elsewhere when `endpoint` says so', async () => {
    const { exporter } = await listening({ endpoint: '/internal/prometheus' });
    expect([
      (await ask(exporter.address)).status,
      (await ask(exporter.address, '/internal/prometheus?x=y')).status,
    ]).toEqual([404, 200]);
  });
});

describe('who may read', () => {
  it.each([
    ['by default', {}, { localhost: 200, '127.0.0.1:80': 200, '[::1]': 200, 'shop.test': 403 }],
    [
      'with allowedHosts',
      { allowedHosts: ['shop.test'] },
      { localhost: 403, 'SHOP.test:9464': 200, 'other.test': 403 },
    ],
    ['on all addresses', { host: '0.0.0.0' }, { localhost: 200, 'shop.test': 200 }],
    [
      'on all, with allowedHosts',
      { host: '0.0.0.0', allowedHosts: ['shop.test'] },
      { 'shop.test': 200, '10.0.0.7': 403 },
    ],
  ] as const)('%s', async (_, options, hosts) => {
    const { exporter } = await listening(options);
    const at = { host: '127.0.0.1', port: exporter.address?.port ?? 0 };
    const statuses = Object.keys(hosts).map(async (host) => (await ask(at, '/metrics', { headers: { host } })).status);
    expect(await Promise.all(statuses)).toEqual(Object.values(hosts));
  });
});

describe('time', () => {
  it('P4 a scrape goes without a reading that comes too late for it, and the others are there', async () => {
    const { exporter, oc } = await listening();
    const slow = measure({ name: 'shop/slow' });
    oc.stats.register(view({ measure: slow, aggregation: lastValue() }));
    oc.stats.observe(slow, () => new Promise<number>(() => {}));
    const headers = { 'x-prometheus-scrape-timeout-seconds': '0.2' };
    expect(ordersIn((await ask(exporter.address, '/metrics', { headers })).body)).toEqual(expected);
  });

  it('a client that takes no more is left when its time is over, and the half page does not look whole', async () => {
    const { exporter, oc } = await listening({ startServer: false });
    const padding = 'x'.repeat(1_000);
    for (let i = 0; i < 50_000; i++) oc.stats.record([[orders, 1]], { shop: `${i}${padding}` }); // more than sockets hold
    let left: Promise<unknown> | undefined;
    const at = await serving((request, response) => {
      left = once(response, 'close');
      exporter.handler(request, response);
    });
    const response = await open(at, '/metrics', { headers: { 'x-prometheus-scrape-timeout-seconds': '0.5' } });
    await left;
    const [error] = await once(response.resume(), 'error');
    expect(error).toMatchObject({ code: 'ECONNRESET' });
  });

  it('P6 a page of 200,000 series comes in pieces, with hundreds of turns of the event loop in between', async () => {
    const { exporter } = await listening({}, 200_000);
    let turns = 0;
    let isOver = false;
    const turn = (): void => {
      turns++;
      if (!isOver) setImmediate(turn);
    };
    turn();
    const { body } = await ask(exporter.address);
    isOver = true;
    expect(body.length).toBeGreaterThan(5_000_000);
    expect(turns).toBeGreaterThan(200);
  });
});

describe('life', () => {
  it('P2 a port in use is told through onError and `ready`, and the application goes on', async () => {
    const occupant = createServer().listen(0, '127.0.0.1');
    await once(occupant, 'listening');
    onTestFinished(() => void occupant.close());
    const { port } = occupant.address() as AddressInfo;
    const { exporter, oc, problems } = await listening({ port });
    const message = `listen EADDRINUSE: address already in use 127.0.0.1:${port}`;
    const metrics = { state: 'failed', lastError: { message: expect.stringContaining(message) } };
    expect(await oc.ready).toMatchObject([{ name: 'prometheus', metrics }]);
    expect(problems).toEqual([`prometheus: did not start: cannot ${message}`]);
    expect(exporter.address).toBeUndefined();
    expect(await oc.shutdown()).toMatchObject([{ name: 'prometheus', unsettled: 0 }]);
  });

  it('the handler answers 503 before the start and after the shutdown', async () => {
    const exporter = prometheus({ startServer: false });
    const at = await serving(exporter.handler);
    const before = (await ask(at)).status;
    const oc = telemetry({ exporters: [exporter] });
    await oc.ready;
    const during = (await ask(at)).status;
    await oc.shutdown();
    expect([before, during, (await ask(at)).status]).toEqual([503, 200, 503]);
  });
});

async function serving(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

/** What these tests use of an Express application; the package brings no types. */
interface ExpressApp {
  get(path: string, handler: PrometheusExporter['handler']): void;
  use(path: string, handler: PrometheusExporter['handler']): void;
  (...request: Parameters<RequestListener>): void;
}

describe('mounted in a server of the application', () => {
  const mounts: Record<string, (exporter: PrometheusExporter) => Promise<{ host: string; port: number }>> = {
    'node:http': ({ handler }) => serving((request, response) => handler(request, response)),
    'Express, by get': async ({ handler }) => {
      const app = await express();
      app.get('/metrics', handler);
      return serving(app);
    },
    'Express, by use': async ({ handler }) => {
      const app = await express();
      app.use('/metrics', handler);
      return serving(app);
    },
    Fastify: async ({ handler }) => {
      const { fastify } = await import('fastify');
      const app = fastify();
      app.get('/metrics', (request, reply) => {
        reply.hijack();
        handler(request.raw, reply.raw);
      });
      await app.listen({ host: '127.0.0.1', port: 0 });
      onTestFinished(() => void app.close());
      return { host: '127.0.0.1', port: (app.server.address() as AddressInfo).port };
    },
  };

  it.each(Object.entries(mounts))('%s', async (_, mount) => {
    const { exporter } = await listening({ startServer: false });
    expect(exporter.address).toBeUndefined();
    const at = await mount(exporter);
    const answer = await ask(at, '/metrics', { headers: { host: 'shop.test' } });
    expect([answer.status, ordersIn(answer.body)]).toEqual([200, expected]);
  });

  it('what is neither GET nor HEAD gets 405', async () => {
    const { exporter } = await listening({ startServer: false });
    const { status, headers } = await ask(await serving(exporter.handler), '/', { method: 'POST' });
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
  });
});

async function express(): Promise<ExpressApp> {
  const name: string = 'express';
  return ((await import(name)) as { default: () => ExpressApp }).default();
}
