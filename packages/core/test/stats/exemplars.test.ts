import { count, distribution, lastValue, measure, neverSample, sum, view } from '@oc/core';
import type { DistributionSeries } from '@oc/core/exporter';
import { describe, expect, it } from 'vitest';
import { FakeClock, NEW_YEAR } from '../spans/fake-clock.ts';
import { recorded } from '../spans/recorded.ts';

const latency = measure({ name: 'latency' });
const views = [view({ measure: latency, aggregation: distribution([5, 10]), tagKeys: ['k'] })];

describe('an exemplar', () => {
  it('is the newest value of its bucket under a sampled span, with that span’s ids and the time', async () => {
    const clock = new FakeClock();
    const telemetry = recorded({ clock, views });
    const { tracer, stats } = telemetry.oc;
    const record = (value: number) => {
      clock.pass(1);
      stats.record([[latency, value]], { k: 'a' });
    };
    const first = tracer.span('first', (span) => {
      record(1);
      record(7);
      return span.context;
    });
    const second = tracer.span('second', (span) => {
      record(2);
      return span.context;
    });
    const [row] = (await telemetry.rows('latency')) as DistributionSeries[];
    expect(row?.value).toMatchObject({ count: 3, bucketCounts: [2, 1, 0] });
    expect(row?.value.exemplars).toEqual([
      {
        value: 2,
        time: (NEW_YEAR + 3) * 1_000,
        attachments: { trace_id: second.traceId, span_id: second.spanId },
      },
      {
        value: 7,
        time: (NEW_YEAR + 2) * 1_000,
        attachments: { trace_id: first.traceId, span_id: first.spanId },
      },
    ]);
  });

  it('is not made without a span, nor under an unsampled one, which does not take the place of a sampled one', async () => {
    const telemetry = recorded({ views });
    const { tracer, stats } = telemetry.oc;
    const record = (value: number, k: string) => stats.record([[latency, value]], { k });
    record(1, 'bare');
    tracer.span('unsampled', { sampler: neverSample() }, () => record(1, 'unsampled'));
    const { context } = tracer.span('sampled', (span) => {
      record(1, 'mixed');
      return span;
    });
    record(2, 'mixed');
    tracer.span('unsampled', { sampler: neverSample() }, () => record(3, 'mixed'));
    const rows = (await telemetry.rows('latency')) as DistributionSeries[];
    expect(rows.map(({ labelValues, value }) => [labelValues[0], value.count, value.exemplars])).toEqual([
      ['bare', 1, undefined],
      ['unsampled', 1, undefined],
      [
        'mixed',
        3,
        [
          {
            value: 1,
            time: expect.any(Number),
            attachments: { trace_id: context.traceId, span_id: context.spanId },
          },
        ],
      ],
    ]);
  });

  it('is not made for an unsampled span that somebody watches', async () => {
    const telemetry = recorded({ views, sampler: neverSample() });
    telemetry.source.watch({ start() {}, end() {} });
    telemetry.oc.tracer.span('watched', (span) => {
      expect(span.recording).toBe(true);
      telemetry.oc.stats.record([[latency, 1]]);
    });
    const [row] = (await telemetry.rows('latency')) as DistributionSeries[];
    expect(row?.value.exemplars).toBeUndefined();
  });

  it('belongs to its row, also in the overflow row', async () => {
    const telemetry = recorded({ views, limits: { seriesPerView: 1 } });
    const { tracer, stats } = telemetry.oc;
    const contexts = ['a', 'b', 'c'].map((k) =>
      tracer.span(k, (span) => {
        stats.record([[latency, 1]], { k });
        return span.context;
      }),
    );
    const rows = (await telemetry.rows('latency')) as DistributionSeries[];
    expect(
      rows.map(({ labelValues, value }) => [
        labelValues[0],
        value.exemplars?.map(({ attachments }) => attachments.span_id),
      ]),
    ).toEqual([
      ['a', [contexts[0]?.spanId]],
      ['(other)', [contexts[2]?.spanId]],
    ]);
  });

  it('is made by handles too', async () => {
    const telemetry = recorded({ views });
    const handle = telemetry.oc.stats.bind(latency, { k: 'a' });
    const { context } = telemetry.oc.tracer.span('x', (span) => {
      handle.record(1);
      return span;
    });
    const [row] = (await telemetry.rows('latency')) as DistributionSeries[];
    expect(row?.value.exemplars?.map(({ attachments }) => attachments)).toEqual([
      { trace_id: context.traceId, span_id: context.spanId },
    ]);
  });

  it('does not change in what was read before', async () => {
    const telemetry = recorded({ views });
    const { tracer, stats } = telemetry.oc;
    tracer.span('x', () => stats.record([[latency, 1]]));
    const [before] = (await telemetry.rows('latency')) as DistributionSeries[];
    const text = JSON.stringify(before);
    tracer.span('y', () => stats.record([[latency, 2]]));
    await telemetry.rows('latency');
    expect(JSON.stringify(before)).toBe(text);
  });

  it('is made for distributions with bounds only', async () => {
    const telemetry = recorded({
      views: [
        view({ name: 'no bounds', measure: latency, aggregation: distribution([]) }),
        view({ name: 'sum', measure: latency, aggregation: sum() }),
        view({ name: 'count', measure: latency, aggregation: count() }),
        view({ name: 'last', measure: latency, aggregation: lastValue() }),
      ],
    });
    telemetry.oc.tracer.span('x', () => telemetry.oc.stats.record([[latency, 1]]));
    expect(JSON.stringify(await telemetry.metrics())).not.toContain('exemplars');
  });
});
