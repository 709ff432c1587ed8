import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { count, distribution, lastValue, measure, sum, view } from '@oc/core';
import type { DistributionSeries } from '@oc/core/exporter';
import { describe, expect, it } from 'vitest';
import { recorded } from '../spans/recorded.ts';

const latency = measure({ name: 'latency' });

describe('a view of too many rows', () => {
  it('keeps 2,000 and puts the others into one row of (other), with one warning', async () => {
    const telemetry = recorded({
      views: [view({ measure: latency, aggregation: distribution([5]), tagKeys: ['user', 'method'] })],
    });
    const record = (user: number, value = 1) =>
      telemetry.oc.stats.record([[latency, value]], { user: `u${user}`, method: 'GET' });
    for (let user = 0; user < 2_000; user++) record(user);
    expect([(await telemetry.rows('latency')).length, telemetry.problems]).toEqual([2_000, []]);
    for (let user = 2_000; user < 2_500; user++) record(user, 7);
    for (let user = 0; user < 10; user++) record(user);
    const rows = (await telemetry.rows('latency')) as DistributionSeries[];
    expect(rows).toHaveLength(2_001);
    expect(rows[0]).toMatchObject({ labelValues: ['u0', 'GET'], value: { count: 2 } });
    expect(rows[1_999]).toMatchObject({ labelValues: ['u1999', 'GET'], value: { count: 1 } });
    expect(rows[2_000]).toMatchObject({
      labelValues: ['(other)', '(other)'],
      value: { count: 500, sum: 3_500, min: 7, max: 7, bucketCounts: [0, 500] },
    });
    expect(telemetry.problems.map(({ severity, message }) => [severity, message.includes("'latency'")])).toEqual([
      ['warning', true],
    ]);
  });

  it('is one of its own: others are not touched, and each warns', async () => {
    const telemetry = recorded({
      limits: { seriesPerView: 2 },
      views: [
        view({ name: 'one', measure: latency, aggregation: sum(), tagKeys: ['k'] }),
        view({ name: 'other', measure: latency, aggregation: count(), tagKeys: ['k'] }),
        view({ name: 'plain', measure: latency, aggregation: count() }),
      ],
    });
    for (const k of ['a', 'b', 'c', 'd', 'a']) telemetry.oc.stats.record([[latency, 2]], { k });
    const all = await Promise.all(['one', 'other', 'plain'].map((name) => telemetry.rows(name)));
    expect(all.map((rows) => rows.map(({ labelValues, value }) => [...labelValues, value]))).toEqual([
      [
        ['a', 4],
        ['b', 2],
        ['(other)', 4],
      ],
      [
        ['a', 2],
        ['b', 1],
        ['(other)', 2],
      ],
      [[5]],
    ]);
    expect(telemetry.problems).toHaveLength(2);
  });

  it('holds for handles and observers as for records', async () => {
    const telemetry = recorded({
      limits: { seriesPerView: 1 },
      views: [view({ measure: latency, aggregation: lastValue(), tagKeys: ['k'] })],
    });
    const { stats } = telemetry.oc;
    stats.record([[latency, 1]], { k: 'first' });
    stats.bind(latency, { k: 'second' }).record(2);
    expect((await telemetry.rows('latency')).map(({ labelValues, value }) => [...labelValues, value])).toEqual([
      ['first', 1],
      ['(other)', 2],
    ]);
    stats.observe(latency, () => 3, { k: 'third' });
    expect((await telemetry.rows('latency')).map(({ labelValues, value }) => [...labelValues, value])).toEqual([
      ['first', 1],
      ['(other)', 3],
    ]);
    expect(telemetry.problems).toHaveLength(1);
  });

  it('has no two rows of the same labels, also when a caller says (other) itself', async () => {
    for (const order of [
      ['(other)', 'a', 'b', 'c'],
      ['a', 'b', 'c', '(other)'],
      ['a', '(other)', 'b', 'c'],
    ]) {
      const telemetry = recorded({
        limits: { seriesPerView: 2 },
        views: [view({ measure: latency, aggregation: count(), tagKeys: ['k'] })],
      });
      for (const k of order) telemetry.oc.stats.record([[latency, 1]], { k });
      const rows = await telemetry.rows('latency');
      const labels = rows.map(({ labelValues }) => labelValues[0]);
      expect(labels).toHaveLength(new Set(labels).size);
      expect(rows.reduce((all, { value }) => all + (value as number), 0)).toBe(4);
    }
  });

  it('with the limit 0 has nothing but the row of (other)', async () => {
    const telemetry = recorded({
      limits: { seriesPerView: 0 },
      views: [view({ measure: latency, aggregation: count(), tagKeys: ['k'] })],
    });
    for (const k of ['a', 'b']) telemetry.oc.stats.record([[latency, 1]], { k });
    expect((await telemetry.rows('latency')).map(({ labelValues, value }) => [...labelValues, value])).toEqual([
      ['(other)', 2],
    ]);
  });

  it('needs no more memory for 100,000 label sets than for 2,000', async () => {
    const telemetry = recorded({
      views: [view({ measure: latency, aggregation: distribution([1, 2, 3]), tagKeys: ['a', 'b', 'c'] })],
    });
    const record = (from: number, to: number) => {
      for (let i = from; i < to; i++) {
        telemetry.oc.stats.record([[latency, 1]], { a: `a${i % 317}`, b: `b${i}`, c: `c${i % 91}` });
      }
    };
    setFlagsFromString('--expose-gc');
    const collectGarbage: () => void = runInNewContext('gc');
    const used = () => {
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    record(0, 20_000);
    const before = used();
    record(20_000, 120_000);
    const grown = used() - before;
    expect((await telemetry.rows('latency')).length).toBe(2_001);
    // 100,000 rows of three labels would need well over 20 MB.
    expect(grown).toBeLessThan(2_000_000);
  });

  it('costs no more for a new label set than before it was full', () => {
    const { stats } = recorded({
      limits: { seriesPerView: 1_000 },
      views: [view({ measure: latency, aggregation: sum(), tagKeys: ['k'] })],
    }).oc;
    const cost = (from: number, count: number) => {
      const before = performance.now();
      for (let i = from; i < from + count; i++) stats.record([[latency, 1]], { k: `${i}` });
      return (performance.now() - before) / count;
    };
    const filling = cost(0, 1_000);
    cost(1_000, 50_000);
    expect(Math.min(cost(60_000, 50_000), cost(110_000, 50_000))).toBeLessThan(filling * 20);
  });
});
