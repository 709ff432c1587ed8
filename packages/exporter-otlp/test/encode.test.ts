import type { Metric, Resource, SpanData } from '@oc/core/exporter';
import { goldens } from '@oc/testkit';
import { expect, it } from 'vitest';
import { encodeMetrics as metricsJson } from '../src/json/metrics.ts';
import { encodeSpans as spansJson } from '../src/json/spans.ts';
import { encodeMetrics as metricsProtobuf } from '../src/protobuf/metrics.ts';
import { encodeSpans as spansProtobuf } from '../src/protobuf/spans.ts';
import type { Json } from './oracle.ts';
import { resource, span } from './samples.ts';

interface Input {
  readonly resource: Resource;
  readonly spans?: readonly SpanData[];
  readonly metrics?: readonly Metric[];
  readonly temporality?: 'cumulative' | 'delta';
}

function encode({ resource, spans, metrics = [], temporality = 'cumulative' }: Input): {
  readonly json: Json;
  readonly protobuf: Uint8Array;
} {
  if (spans) return { json: parsed(spansJson(spans, resource)), protobuf: spansProtobuf(spans, resource) };
  return {
    json: parsed(metricsJson(metrics, resource, temporality)),
    protobuf: metricsProtobuf(metrics, resource, temporality),
  };
}

function parsed(json: Uint8Array): Json {
  return JSON.parse(Buffer.from(json).toString());
}

goldens(new URL('golden/', import.meta.url), encode);

// The worked examples of the protocol's page, made by a program that is not ours.
it('a span is these bytes', () => {
  const bytes = spansProtobuf(
    [
      span({
        parentSpanId: '1b9e44d2087f6ac5',
        kind: 'client',
        status: { code: 14, message: 'backend down' },
        attributes: { 'http.status_code': 503 },
      }),
    ],
    resource,
  );
  expect(Buffer.from(bytes).toString('hex')).toBe(
    '0aa5010a1c0a1a0a0c736572766963652e6e616d65120a0a08636865636b6f75741284010a0a0a08406f632f636f726512760a107d1f4a52' +
      'c0b94e6388a1d6f05b3e2c971208a3c1f07e5d294b8622081b9e44d2087f6ac52a09474554202f6361727430033980b23dcf7e68161841' +
      'b002cad17e6816184a170a10687474702e7374617475735f636f6465120318f7037a10120c6261636b656e6420646f776e180285010101' +
      '0000',
  );
});

it.each([
  [-1, '18ffffffffffffffffff01'],
  [0, '1800'],
  [false, '1000'],
  ['', '0a00'],
  [Number.NaN, '21000000000000f87f'],
  [-0, '210000000000000080'],
])('the attribute %j is %s', (value, hex) => {
  const bytes = Buffer.from(spansProtobuf([span({ attributes: { k: value } })], resource)).toString('hex');
  expect(bytes).toContain(`0a016b12${(hex.length / 2).toString(16).padStart(2, '0')}${hex}`);
});
