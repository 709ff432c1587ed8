import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { distribution as buckets, count, measure, type Telemetry, telemetry, view } from '@oc/core';
import type { Exporter, Metric, SpanData, TimeSeries } from '@oc/core/exporter';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consoleExporter } from '../src/index.ts';
import { jsonLines } from '../src/json.ts';
import { at, distribution, gauge, hostile, resource, span } from './samples.ts';

const json = jsonLines();

function seriesLines(metric: Metric): unknown[] {
  return Array.from(metric.timeSeries, (series: TimeSeries) => JSON.parse(json.series(metric, series, resource)));
}

describe('a span', () => {
  it('is one JSON object with its fields by name; what is absent is left out', () => {
    expect(json.span(span({ start: 1_000, end: 2_000, attributes: { a: 'b' } }), resource)).toBe(
      '{"type":"span","traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","remoteParent":false,' +
        '"name":"charge","kind":"server","start":1000,"end":2000,"status":{"code":0},"attributes":{"a":"b"},' +
        '"annotations":[],"messageEvents":[],"links":[],' +
        '"dropped":{"attributes":0,"annotations":0,"messageEvents":0,"links":0},' +
        '"resource":{"labels":{"service.name":"checkout","service.instance.id":"i-1"}}}',
    );
  });

  it('reads back whole', () => {
    const full = span({
      parentSpanId: '53995c3f42cd8ad8',
      traceState: 'a=b',
      remoteParent: true,
      scope: { name: 'pg', version: '8.1.0' },
      status: { code: 5, message: 'no such user' },
      attributes: { text: 'v', number: 1.5, flag: true, list: ['a', 'b'], null: 'null' },
      annotations: [{ time: at, description: 'cache miss', attributes: { key: 'u42' } }],
      messageEvents: [{ time: at, type: 'sent', id: 1, uncompressedBytes: 512, compressedBytes: 100 }],
      links: [
        {
          traceId: '0af7651916cd43dd8448eb211c80319c',
          spanId: 'b7ad6b7169203331',
          type: 'parent',
          traceState: 'c=d',
          attributes: { why: 'batch' },
        },
      ],
      dropped: { attributes: 1, annotations: 2, messageEvents: 3, links: 4 },
      childCount: 5,
    });
    const typed = { type: 'container', labels: { 'service.name': 'checkout' } };
    expect(JSON.parse(json.span(full, typed))).toEqual({ type: 'span', ...full, resource: typed });
  });

  it('spells numbers that JSON does not have', () => {
    const odd = { nan: Number.NaN, list: [1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], zero: -0 };
    expect(JSON.parse(json.span(span({ attributes: odd }), resource))).toMatchObject({
      attributes: { nan: 'NaN', list: [1, 'Infinity', '-Infinity'], zero: 0 },
    });
  });

  it('takes the resource of each call', () => {
    const other = { labels: { 'service.name': 'billing' } };
    const services = [resource, other, resource].map((each) => JSON.parse(json.span(span(), each)).resource);
    expect(services).toEqual([resource, other, resource]);
  });
});

describe('a time series', () => {
  it('is one JSON object with the description of its metric', () => {
    const metric = gauge({
      labelKeys: ['method', 'route'],
      timeSeries: [
        { labelValues: ['POST', ''], time: at, value: 17.5 },
        { labelValues: [undefined, '/a'], time: at, value: 2 },
      ],
    });
    const described = {
      type: 'gauge',
      name: 'shop/queue',
      description: 'orders that wait',
      unit: '1',
      valueType: 'double',
    };
    expect(seriesLines(metric)).toEqual([
      { ...described, labels: { method: 'POST', route: '' }, time: at, value: 17.5, resource },
      { ...described, labels: { route: '/a' }, time: at, value: 2, resource },
    ]);
  });

  it('of a distribution has its bounds and the value as it is', () => {
    const value = {
      count: 2,
      sum: 30,
      min: 10,
      max: 20,
      sumOfSquaredDeviation: 50,
      bucketCounts: [0, 1, 1],
      exemplars: [{ value: 20, time: at, attachments: { trace_id: '4bf92f3577b34da6a3ce929d0e0e4736' } }],
    };
    const series = [{ labelValues: ['POST'], start: at - 1, time: at, value }];
    expect(seriesLines(distribution({ bounds: [5, 15], timeSeries: series }))).toEqual([
      {
        type: 'distribution',
        name: 'shop/latency',
        description: 'time to answer',
        unit: 'ms',
        valueType: 'double',
        bounds: [5, 15],
        labels: { method: 'POST' },
        start: at - 1,
        time: at,
        value,
        resource,
      },
    ]);
  });
});

describe("core's own data", () => {
  async function linesOf(
    use: (oc: Telemetry) => void,
    views: Parameters<typeof view>[0][] = [],
  ): Promise<{
    lines: Record<string, unknown>[];
    spans: SpanData[];
  }> {
    const stream = new PassThrough();
    const spans: SpanData[] = [];
    const witness: Exporter = {
      name: 'witness',
      async exportSpans(batch) {
        spans.push(...batch);
      },
    };
    const oc = telemetry({
      service: 'checkout',
      exporters: [consoleExporter({ stream }), witness],
      views: views.map(view),
    });
    use(oc);
    await oc.shutdown();
    const lines = (await text(stream.end())).trimEnd().split('\n');
    return { lines: lines.map((line) => JSON.parse(line)), spans };
  }

  it('of a span is all written', async () => {
    const { lines, spans } = await linesOf(({ tracer }) => {
      const remote = {
        traceId: '0af7651916cd43dd8448eb211c80319c',
        spanId: 'b7ad6b7169203331',
        sampled: true,
        remote: true,
      };
      const attributes = { text: 'v', number: 1.5, flag: true, list: [1, 2] };
      const parent = { ...remote, traceState: 'a=b' };
      const root = tracer.scoped('pg', '8.1.0').startSpan('query', { parent, kind: 'client', attributes });
      root.annotate('cache miss', { key: 'u42' }).messageEvent({ type: 'sent', id: 1, uncompressedBytes: 512 });
      root.link(remote, 'parent', { why: 'batch' }).recordError(new Error('boom')).setStatus('NOT_FOUND', 'gone');
      tracer.startSpan('child', { parent: root }).end();
      root.setAttribute('lost', Symbol('no value')).end();
    });
    const resource = lines[0]?.resource;
    expect(resource).toMatchObject({ labels: { 'service.name': 'checkout' } });
    expect(lines).toEqual(spans.map((each) => ({ type: 'span', ...JSON.parse(JSON.stringify(each)), resource })));
    expect(lines.map(({ name, childCount, dropped }) => [name, childCount, dropped])).toEqual([
      ['child', 0, { attributes: 0, annotations: 0, messageEvents: 0, links: 0 }],
      ['query', 1, { attributes: 1, annotations: 0, messageEvents: 0, links: 0 }],
    ]);
  });

  it('of a metric is all written', async () => {
    const latency = measure({ name: 'shop/latency', unit: 'ms' });
    const { lines } = await linesOf(
      ({ stats }) => {
        stats.record([[latency, 12.5]], { method: 'POST' });
        stats.record([[latency, 7.5]], { method: 'POST' });
        stats.record([[latency, 1]]);
      },
      [
        { name: 'shop/latency', measure: latency, aggregation: buckets([10, 20]), tagKeys: ['method'] },
        { name: 'shop/count', measure: latency, aggregation: count() },
      ],
    );
    expect(lines.map(({ name, type, labels, value }) => ({ name, type, labels, value }))).toEqual([
      {
        name: 'shop/latency',
        type: 'distribution',
        labels: { method: 'POST' },
        value: { count: 2, sum: 20, min: 7.5, max: 12.5, sumOfSquaredDeviation: 12.5, bucketCounts: [1, 1, 0] },
      },
      {
        name: 'shop/latency',
        type: 'distribution',
        labels: {},
        value: { count: 1, sum: 1, min: 1, max: 1, sumOfSquaredDeviation: 0, bucketCounts: [1, 0, 0] },
      },
      { name: 'shop/count', type: 'cumulative', labels: {}, value: 3 },
    ]);
  });
});

describe('text from outside', () => {
  function readsBack(text: string): boolean {
    const line = json.span(
      span({ name: text, attributes: Object.fromEntries([[text, text]]), status: { code: 2, message: text } }),
      { labels: { 'service.name': text } },
    );
    expect(line).not.toMatch(/[\p{Cc}\u2028-\u202e\u2066-\u2069\u200e\u200f\u061c\ufeff]/u);
    const read = JSON.parse(line);
    expect([read.name, Object.entries(read.attributes), read.status.message, read.resource.labels]).toEqual([
      text,
      [[text, text]],
      text,
      { 'service.name': text },
    ]);
    return true;
  }

  it.each(hostile.map((text) => [JSON.stringify(text), text]))(
    'stays on its line and reads back: %s',
    (_shown, text) => {
      readsBack(text);
    },
  );

  it('may be any text at all', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), readsBack));
  });
});
