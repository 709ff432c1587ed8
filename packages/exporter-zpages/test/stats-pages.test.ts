import { count, distribution, lastValue, measure, sum, view } from '@oc/core';
import { ExportError, type Exporter } from '@oc/core/exporter';
import { describe, expect, it } from 'vitest';
import { opened } from './site.ts';

describe('stats', () => {
  const latency = measure({ name: 'shop/latency', unit: 'ms', description: 'time to answer' });
  const heap = measure({ name: 'shop/heap', unit: 'By', type: 'int64' });
  const views = [
    view({ measure: latency, aggregation: distribution([10, 100]), tagKeys: ['route'] }),
    view({ name: 'shop/requests', measure: latency, aggregation: count(), tagKeys: ['route'] }),
    view({ name: 'shop/time/sum', measure: latency, aggregation: sum() }),
    view({ measure: heap, aggregation: lastValue() }),
  ];

  it('show each view with its rows: a tag that is missing is not an empty one', async () => {
    const { oc, json, get } = await opened({}, { views });
    oc.stats.record([[latency, 5]], { route: '/cart' });
    oc.stats.record([[latency, 50]], { route: '' });
    oc.stats.record([[latency, 500]]);
    const { rows } = await json<{ rows: readonly { labels: unknown; value: unknown }[] }>('/statsz?path=shop/requests');
    expect(rows.toSorted((a, b) => (String(a.labels) < String(b.labels) ? -1 : 1))).toEqual([
      { labels: [''], value: 1 },
      { labels: [null], value: 1 },
      { labels: ['/cart'], value: 1 },
    ]);
    const { body } = await get('/statsz?path=shop/latency');
    for (const text of ['(not set)', '&quot;&quot;', '/cart', '10 ms', '100 ms', 'time to answer'])
      expect(body).toContain(text);
  });

  it('list the views of a directory, all of them for one that is not there, and the measures', async () => {
    const { json } = await opened({}, { views });
    const names = async (path: string): Promise<unknown> =>
      (await json<{ views: readonly { name: string }[] }>(`/statsz?path=${path}`)).views.map(({ name }) => name);
    expect(await names('shop/time')).toEqual(['shop/time/sum']);
    expect(await names('nowhere')).toEqual(['shop/heap', 'shop/latency', 'shop/requests', 'shop/time/sum']);
    const { measures } = await json<{ measures: unknown }>('/statsz');
    expect(measures).toEqual([
      { name: 'shop/heap', description: '', unit: 'By', type: 'int64' },
      { name: 'shop/latency', description: 'time to answer', unit: 'ms', type: 'double' },
    ]);
  });

  it('of gRPC make a row for each method: completed calls, mean latency, errors', async () => {
    const rpc = measure({ name: 'grpc.io/client/roundtrip_latency', unit: 'ms' });
    const method = 'grpc_client_method';
    const { oc, json } = await opened(
      {},
      {
        views: [
          view({
            name: 'grpc.io/client/completed_rpcs',
            measure: rpc,
            aggregation: count(),
            tagKeys: [method, 'grpc_client_status'],
          }),
          view({ measure: rpc, aggregation: distribution([1, 10, 100]), tagKeys: [method] }),
        ],
      },
    );
    for (let at = 0; at < 6; at++)
      oc.stats.record([[rpc, 12.4]], { [method]: 'shop.Cart/Add', grpc_client_status: at < 5 ? 'OK' : 'UNAVAILABLE' });
    const { sent, received } = await json<{
      sent: readonly Record<string, Record<string, number>>[];
      received: unknown;
    }>('/rpcz');
    expect([sent.length, received]).toEqual([1, []]);
    expect([sent[0]?.method, sent[0]?.count?.total, sent[0]?.errors?.total, sent[0]?.latency?.total]).toEqual([
      'shop.Cart/Add',
      6,
      1,
      expect.closeTo(12.4, 6),
    ]);
  });
});

describe('exporters', () => {
  it('show what was delivered, what was lost and why, and who is in trouble, on every page', async () => {
    const refusing: Exporter = {
      name: 'refusing',
      async exportSpans() {
        throw new ExportError('rejected', 'refusing: <b>no</b>');
      },
    };
    const closed: Exporter = {
      name: 'closed',
      async exportSpans() {
        throw new ExportError('misconfigured', 'closed: the key is wrong');
      },
    };
    const { oc, get, json } = await opened({}, { exporters: [refusing, closed], onError: () => {} });
    oc.tracer.span('x', () => {});
    await oc.flush({ withinMs: 500 });
    const { body } = await get('/exporterz');
    for (const text of [
      'refusing: &lt;b&gt;no&lt;/b&gt;',
      'the backend refused them',
      'paused',
      'closed: the key is wrong',
    ])
      expect(body).toContain(text);
    expect((await get('/tracez')).body).toContain('1 exporter in trouble');
    const { exporters } = await json<{ exporters: readonly unknown[] }>('/exporterz');
    expect(exporters).toEqual(JSON.parse(JSON.stringify(oc.health())));
  });
});
