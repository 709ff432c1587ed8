import { createSocket } from 'node:dgram';
import { encode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { collector } from '../../../tools/receivers/collector.ts';
import type { ArrivedMetric } from '../../../tools/receivers/collector-output.ts';
import { ddapm } from '../../../tools/receivers/ddapm.ts';
import { receiving } from '../../../tools/receivers/receiving.ts';
import { statsdExporter } from '../../../tools/receivers/statsd-exporter.ts';
import { datadog } from '../src/index.ts';
import { call, counted, gauge, latency, start, trace } from './samples.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
/** Its lower half. */
const LOW = '11803532876627986230';

describe("Datadog's agent for tests, with its checks on", () => {
  const agent = receiving(ddapm);

  it.each([
    ['0.4', 'TCP'],
    ['0.5', 'TCP'],
    ['0.4', 'a Unix socket'],
  ] as const)('has all that it was sent in version %s over %s', async (protocolVersion, way) => {
    const token = `${protocolVersion}-${way.length}`;
    const { origin, socketPath } = agent();
    const url = way === 'TCP' ? `${origin}?test_session_token=${token}` : `unix://${socketPath}`;
    await datadog({ url, protocolVersion }).exportSpans?.(trace(TRACE), call());
    if (way !== 'TCP') return; // TCP says what arrives; that it was accepted says that the socket works

    const [spans = []] = await agent().traces(token);
    const ofTrace = { service: 'checkout', trace_id: LOW };
    expect(spans.toSorted((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : a.error - b.error))).toEqual([
      {
        ...ofTrace,
        name: 'opencensus.internal',
        resource: 'GET /cart',
        type: 'custom',
        span_id: '7',
        parent_id: '11799976924206943110',
        start: '1735689600250001000',
        duration: '1000',
        error: 0,
        meta: { 'span.kind': 'internal', 'service.version': '1.2.3', version: '1.2.3' },
        metrics: {},
      },
      {
        ...ofTrace,
        name: 'http.server.request',
        resource: 'POST /charge/:id',
        type: 'web',
        span_id: '18446744073709551615',
        parent_id: '0',
        start: '1735689600250001000',
        duration: '207000000',
        error: 1,
        meta: {
          '_dd.p.tid': '4bf92f3577b34da6',
          'span.kind': 'server',
          'service.version': '1.2.3',
          version: '1.2.3',
          'http.method': 'POST',
          'http.route': '/charge/:id',
          'http.status_code': '500',
          retry: 'true',
          cards: '["visa","\\"amex\\""]',
          'naïve ключ 🙂': 'line\nbreak \u2028 \\ "quoted"',
          'opencensus.status_code': '13',
          'opencensus.status': 'INTERNAL',
          'opencensus.status_description': 'no stock',
          'error.type': 'INTERNAL',
          'error.msg': 'no stock',
          events:
            '[{"time_unix_nano":1735689600255001000,"name":"cache \\"miss\\"","attributes":{"key":"u42","tries":2}}]',
        },
        metrics: { _sampling_priority_v1: 1, ratio: 0.25, items: 3, 'opencensus.dropped_events': 2 },
      },
      {
        ...ofTrace,
        name: 'opencensus.client',
        resource: 'GET /cart',
        type: 'cache',
        span_id: '11799976924206943110',
        parent_id: '18446744073709551615',
        start: '1735689600260001000',
        duration: '0',
        error: 1,
        meta: {
          'span.kind': 'client',
          'service.version': '1.2.3',
          version: '1.2.3',
          'db.system': 'redis',
          'opencensus.status_code': '5',
          'opencensus.status': 'NOT_FOUND',
          'error.type': 'NOT_FOUND',
          '_dd.span_links':
            '[{"trace_id":"463ac35c9f6413ad48485a3953bb6124","span_id":"a2fb4a1d1a96d312",' +
            '"attributes":{"queue":"orders","opencensus.link.type":"parent"}}]',
        },
        metrics: {},
      },
    ]);
    const [request] = await agent().requests(token);
    expect(request?.method).toBe('PUT');
  });

  const good = { service: 's', name: 'n', resource: 'r', trace_id: 1, span_id: 2, start: 3, duration: 4, error: 0 };
  it.each([
    ['a wrong number of traces', [[good]], '2'],
    ['a number among the texts', [[{ ...good, meta: { a: 5 } }]], '1'],
    ['an id that is a text', [[{ ...good, trace_id: '1' }]], '1'],
  ])('refuses %s', async (what, chunks, count) => {
    const headers = {
      'content-type': 'application/msgpack',
      'datadog-meta-tracer-version': '1.0.0',
      'x-datadog-trace-count': count,
      'x-datadog-test-session-token': what,
    };
    const body = encode(chunks);
    const answer = await fetch(`${agent().origin}/v0.4/traces`, { method: 'PUT', headers, body });
    expect(answer.status).toBe(400);
  });
});

describe('a Collector', () => {
  const running = receiving(collector, { receivers: { datadog: {} } });

  it.each([
    ['0.4', '463ac35c9f6413ad48485a3953bb6124'],
    ['0.5', '5759e988bd862e3fe1be46a994272793'],
  ] as const)('has ids, times and values that it was sent in version %s', async (protocolVersion, traceId) => {
    const url = `http://${running().address('datadog')}`;
    await datadog({ url, protocolVersion }).exportSpans?.(trace(traceId), call());
    const low = `${'0'.repeat(16)}${traceId.slice(16)}`; // it does not join the halves
    const all = await running().traces((spans) => spans.filter(({ traceId: id }) => id === low).length >= 3);
    const spans = all.filter((span) => span.traceId === low).toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1));
    expect(
      spans.map(({ spanId, parentSpanId, name, kind, startTimeUnixNano, endTimeUnixNano, status }) => {
        return [spanId, parentSpanId, name, kind, startTimeUnixNano, endTimeUnixNano, status?.code];
      }),
    ).toEqual([
      ['0000000000000007', 'a3c1f07e5d294b86', 'opencensus.internal', 1, nanos(0), nanos(1), 1],
      ['a3c1f07e5d294b86', 'ffffffffffffffff', 'opencensus.client', 3, nanos(10_000), nanos(10_000), 2],
      ['ffffffffffffffff', '', 'http.server.request', 2, nanos(0), nanos(207_000), 2],
    ]);
    expect(spans[2]?.resource['service.name']).toEqual({ stringValue: 'checkout' });
    expect(spans[2]?.attributes).toMatchObject({
      'dd.span.Resource': { stringValue: 'POST /charge/:id' },
      '_dd.p.tid': { stringValue: traceId.slice(0, 16) },
      ratio: { doubleValue: 0.25 },
      items: { doubleValue: 3 },
      'naïve ключ 🙂': { stringValue: 'line\nbreak \u2028 \\ "quoted"' },
    });
  });

  it('refuses an id that is a float', async () => {
    const body = encode([[{ trace_id: 0.5, span_id: 1 }]]);
    const url = `http://${running().address('datadog')}/v0.4/traces`;
    const answer = await fetch(url, { method: 'PUT', headers: { 'content-type': 'application/msgpack' }, body });
    expect(answer.status).toBe(400);
  });

  it('has what it was sent by the API: what was added since the last time, and values', async () => {
    const apiUrl = `http://${running().address('datadog')}`;
    const exporter = datadog({ metrics: 'api', apiUrl, apiKey: 'key', namespace: 'shop', tags: { team: 'red' } });
    for (const [minutes, total, value] of [
      [1, 10, -2.5],
      [2, 14.5, 7],
    ] as const) {
      const buckets = latency([1, 2, 4 * minutes], 100 * minutes, minutes);
      await exporter.exportMetrics?.(
        [counted('requests', total, minutes), gauge('temp', value, minutes), buckets],
        call(),
      );
    }
    const wanted = 2 * (1 + 1 + 2) + 3 + 1;
    const metrics = await running().metrics((each) => each.flatMap(pointsOf).length >= wanted);
    const points = metrics.flatMap((metric) =>
      pointsOf(metric).map(({ timeUnixNano, attributes = {}, ...point }) => {
        const tags = { ...metric.resource, ...attributes };
        const bound = (tags.lower_bound as { stringValue?: string } | undefined)?.stringValue ?? '';
        return [metric.name, bound, (Number(timeUnixNano) / 1e9 - seconds) / 60, point.asDouble ?? point.asInt];
      }),
    );
    expect(points.map((point) => point.join(' ')).sort()).toEqual([
      'shop.requests  1 10',
      'shop.requests  2 4.5',
      'shop.shop_latency.bucket -inf 1 1',
      'shop.shop_latency.bucket 10 1 2',
      'shop.shop_latency.bucket 20 1 4',
      'shop.shop_latency.bucket 20 2 4',
      'shop.shop_latency.count  1 7',
      'shop.shop_latency.count  2 4',
      'shop.shop_latency.sum  1 100',
      'shop.shop_latency.sum  2 100',
      'shop.temp  1 -2.5',
      'shop.temp  2 7',
    ]);
    expect({ ...metrics[0]?.resource, ...pointsOf(metrics[0])[0]?.attributes }).toMatchObject({
      'service.name': { stringValue: 'checkout' },
    });
  });

  it('refuses a point of the API that is an array', async () => {
    const body = JSON.stringify({ series: [{ metric: 'm', type: 3, points: [[1, 2]] }] });
    const answer = await fetch(`http://${running().address('datadog')}/api/v2/series`, { method: 'POST', body });
    expect(answer.status).toBe(400);
  });
});

const seconds = Math.floor(start / 1e6);

function nanos(after: number): string {
  return `${BigInt(start + after) * 1_000n}`;
}

function pointsOf(metric: ArrivedMetric | undefined): NonNullable<ArrivedMetric['sum']>['dataPoints'] {
  return metric?.sum?.dataPoints ?? metric?.gauge?.dataPoints ?? [];
}

describe('a statsd_exporter', () => {
  const running = receiving(statsdExporter);

  it.each([['UDP'], ['a Unix socket']] as const)('adds up the lines that it was sent over %s', async (way) => {
    const { address, socketPath, value, page } = running();
    const namespace = way === 'UDP' ? 'udp' : 'uds';
    const dogstatsdUrl = way === 'UDP' ? `udp://${address}` : `unix://${socketPath}`;
    const exporter = datadog({ dogstatsdUrl, namespace, tags: { team: 'a|b,c' } });
    for (const [minutes, total] of [
      [1, 10],
      [2, 14.5],
      [3, 14.5],
    ] as const) {
      const buckets = latency([1, 2, 4 * minutes], 100 * minutes, minutes);
      const metrics = [counted('requests', total, minutes), gauge('temp', minutes - 5, minutes), buckets];
      await exporter.exportMetrics?.(metrics, call());
    }
    await exporter.exportMetrics?.([counted('last', 1)], call());

    const common = 'method="GET",service="checkout",team="a_b_c",version="1.2.3"';
    await value(`${namespace}_last{${common}}`);
    const lines = (await page(() => true)).split('\n').filter((line) => line.startsWith(`${namespace}_`));
    expect(lines.every((line) => common.split(',').every((tag) => line.includes(tag)))).toBe(true);
    const bare = lines.map((line) => line.replaceAll(/(?:method|service|team|version)="[^"]*",?/g, ''));
    expect(bare.sort()).toEqual([
      `${namespace}_last{} 1`,
      `${namespace}_requests{} 14.5`,
      `${namespace}_shop_latency_bucket{lower_bound="-inf",upper_bound="10",} 1`,
      `${namespace}_shop_latency_bucket{lower_bound="10",upper_bound="20",} 2`,
      `${namespace}_shop_latency_bucket{lower_bound="20",upper_bound="inf",} 12`,
      `${namespace}_shop_latency_count{} 15`,
      `${namespace}_shop_latency_sum{} 300`,
      `${namespace}_temp{} -2`,
    ]);
  });

  it('counts a line that it cannot read, and shows no metric for it', async () => {
    const { address, page } = running();
    const [host, port] = address.split(':');
    const socket = createSocket('udp4');
    socket.send('bad_value:abc|c', Number(port), host, () => socket.close());
    const told = await page((text) => /sample_errors_total\{reason="malformed_value"\} [1-9]/.test(text));
    expect(told).not.toMatch(/^bad_value/m);
  });
});
