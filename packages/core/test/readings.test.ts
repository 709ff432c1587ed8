import { telemetry } from '@oc/core';
import { attributeListOf, readIds, type SpanData } from '@oc/core/exporter';
import { expect, it } from 'vitest';

const REMOTE = { traceId: '463ac35c9f6413ad48485a3953bb6124', spanId: 'a2fb4a1d1a96d312', sampled: true, remote: true };

/** What core hands over: a root, its child, and one below a span of another process. */
async function spans(): Promise<readonly SpanData[]> {
  const kept: SpanData[] = [];
  const keeping = { name: 'keeping', exportSpans: async (given: readonly SpanData[]) => void kept.push(...given) };
  const oc = telemetry({ exporters: [keeping] });
  const root = oc.tracer.startSpan('root', { attributes: { a: 1, b: ['x', 'y'], c: false } });
  oc.tracer.startSpan('child', { parent: root }).setAttribute('a', 1).setAttribute('b', 2).setAttribute('a', 3).end();
  oc.tracer.startSpan('below', { parent: REMOTE }).end();
  root.end();
  await oc.shutdown();
  return kept;
}

function hexOf(ids: Int32Array): string {
  return [...ids].map((bits) => (bits >>> 0).toString(16).padStart(8, '0')).join('');
}

it.each([
  ["core's own spans", (span: SpanData) => span],
  ['plain objects', (span: SpanData): SpanData => JSON.parse(JSON.stringify(span))],
])('ids and attributes of %s are those that their public form has', async (_, given) => {
  const own = await spans();
  expect(own.map(({ name }) => name)).toEqual(['child', 'below', 'root']);
  for (const span of own.map(given)) {
    const ids = new Int32Array(8);
    readIds(span, ids);
    expect(hexOf(ids)).toBe(span.traceId + span.spanId + (span.parentSpanId ?? '0'.repeat(16)));
    expect(attributeListOf(span)).toEqual(Object.entries(span.attributes).flat(1));
  }
  expect(own.map(given).map(attributeListOf)).toEqual([['b', 2, 'a', 3], [], ['a', 1, 'b', ['x', 'y'], 'c', false]]);
});
