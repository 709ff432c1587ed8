import { deltas, type ExportCall, type Metric, type SpanData } from '@oc/core/exporter';
import { goldens } from '@oc/testkit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sendLines } from '../src/dogstatsd.ts';
import { metricNames, rowsOf } from '../src/points.ts';
import { encodeSeries } from '../src/series.ts';
import type { SpanContext } from '../src/span.ts';
import { encodeTraces } from '../src/traces.ts';
import { anySpan, expectedOf } from './any-span.ts';
import { type DecodedSpan, decode04, decode05 } from './decode.ts';
import { call } from './samples.ts';

describe('spans', () => {
  goldens<{ readonly spans: readonly SpanData[]; readonly context: SpanContext }>(
    new URL('golden/spans/', import.meta.url),
    ({ spans, context }) => ({
      '0.4': encodeTraces(spans, context, '0.4').body,
      '0.5': encodeTraces(spans, context, '0.5').body,
    }),
  );
});

interface Collections {
  readonly namespace: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly collections: readonly (readonly Metric[])[];
}

describe('metrics', () => {
  goldens<Collections>(new URL('golden/metrics/', import.meta.url), async ({ namespace, tags, collections }) => {
    const added = deltas();
    const nameOf = metricNames(namespace);
    const sent: { lines: string[]; series: unknown }[] = [];
    for (const metrics of collections) {
      const { metrics: since, commit } = added(metrics);
      const rows = rowsOf(since, new Map(Object.entries(tags)), nameOf, call());
      const lines = await linesOf((sender) => sendLines(rows, '|c:ci-1', 1_432, sender, call()));
      sent.push({ lines, series: JSON.parse(encodeSeries(rows, 'here')) });
      commit();
    }
    return sent;
  });
});

async function linesOf(send: (sender: Parameters<typeof sendLines>[3]) => Promise<void>): Promise<string[]> {
  const lines: string[] = [];
  await send({
    async send(datagram: Uint8Array, _: ExportCall) {
      lines.push(...datagram.toString().split('\n'));
    },
    close() {},
  });
  return lines;
}

describe('any spans', () => {
  const context: SpanContext = { service: 'shop', meta: [['env', 'prod']], errorRule: 'by-kind', priority: 1 };

  it('are in version 0.4 what the mapping says, those of a trace together', () => {
    fc.assert(
      fc.property(fc.array(anySpan, { maxLength: 4 }), (spans) => {
        const { body, traces } = encodeTraces(spans, context, '0.4');
        const chunks = decode04(body);
        expect(chunks.map((chunk) => chunk.map(sorted))).toEqual(expectedOf(spans));
        expect(traces).toBe(chunks.length);
      }),
      {
        examples: [
          [[{ ...plain, traceId: '0'.repeat(32) }, plain]], // an id that only a bridge may give
          [[{ ...plain, scope: { name: '__proto__' } }]],
          [[{ ...plain, annotations: [{ time: 0, description: 'retry', attributes: { after: -0 } }] }]],
        ],
      },
    );
  });

  it('are in version 0.5 what they are in 0.4', () => {
    fc.assert(
      fc.property(fc.array(anySpan, { maxLength: 4 }), (spans) => {
        expect(decode05(encodeTraces(spans, context, '0.5').body)).toEqual(
          decode04(encodeTraces(spans, context, '0.4').body),
        );
      }),
    );
  });

  it('are read in full when they are as many and as long as the heads of MessagePack have forms', () => {
    const texts = [0, 1, 24, 25, 31, 32, 255, 256, 65_535, 65_536].flatMap((length) =>
      ['x', 'é', '🙂'].map((sign) => sign.repeat(length)),
    );
    for (const count of [15, 16, 65_536]) {
      const attributes = Object.fromEntries(texts.map((text, i) => [`${i}`, text]));
      const one: SpanData = { ...plain, attributes };
      const spans = [
        one,
        ...Array.from({ length: count - 1 }, (_, i) => ({ ...plain, traceId: `${i + 1}`.padStart(32, '0') })),
      ];
      for (const [version, decode] of [
        ['0.4', decode04],
        ['0.5', decode05],
      ] as const) {
        const chunks = decode(encodeTraces(spans, context, version).body);
        expect(chunks.length).toBe(count);
        expect(chunks[0]?.[0]?.meta).toMatchObject(attributes);
      }
    }
  });
});

const plain: SpanData = {
  traceId: 'f'.repeat(32),
  spanId: 'f'.repeat(16),
  remoteParent: false,
  name: 'x',
  kind: 'unspecified',
  start: 1,
  end: 2,
  status: { code: 0 },
  attributes: {},
  annotations: [],
  messageEvents: [],
  links: [],
  dropped: { attributes: 0, annotations: 0, messageEvents: 0, links: 0 },
};

/** With the JSON in it read, which says that it is JSON. */
function sorted(span: DecodedSpan): unknown {
  const { events, '_dd.span_links': links, ...meta } = span.meta;
  return {
    ...span,
    meta: {
      ...meta,
      // Their times have more digits than a number.
      ...(events !== undefined && { events: JSON.parse(events.replaceAll(/("time_unix_nano":)(\d+)/g, '$1"$2"')) }),
      ...(links !== undefined && { '_dd.span_links': JSON.parse(links) }),
    },
  };
}
