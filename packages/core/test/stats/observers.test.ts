import { setTimeout as sleep } from 'node:timers/promises';
import { count, distribution, lastValue, type Measure, measure, sum, type Tags, view } from '@oc/core';
import { deltas, type NumberSeries } from '@oc/core/exporter';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../spans/fake-clock.ts';
import { type Recorded, recorded } from '../spans/recorded.ts';

const heap = measure({ name: 'heap', unit: 'By', type: 'int64' });
const jobs = measure({ name: 'jobs' });
const gauge = view({ measure: heap, aggregation: lastValue(), tagKeys: ['k'] });
const total = view({ measure: jobs, aggregation: sum(), tagKeys: ['k'] });

async function rowsOf({ metrics }: Recorded): Promise<unknown[]> {
  return (await metrics()).flatMap(({ name, timeSeries }) =>
    [...timeSeries].map(({ labelValues, value }) => [name, ...labelValues, value]),
  );
}

describe('an observer', () => {
  it('is read at each collection, and its reading is the row of a lastValue view', async () => {
    const telemetry = recorded({ views: [gauge] });
    const readings = [10, 12.9, -3];
    telemetry.oc.stats.observe(heap, () => readings.shift() ?? Number.NaN, { k: 'a' });
    expect(readings).toHaveLength(3);
    expect([await rowsOf(telemetry), await rowsOf(telemetry), await rowsOf(telemetry)]).toEqual([
      [['heap', 'a', 10]],
      [['heap', 'a', 12]],
      [['heap', 'a', -3]],
    ]);
    expect(telemetry.problems).toEqual([]);
  });

  it('may answer by a promise', async () => {
    const telemetry = recorded({ views: [gauge] });
    telemetry.oc.stats.observe(heap, async () => sleep(5, 7), { k: 'a' });
    expect(await rowsOf(telemetry)).toEqual([['heap', 'a', 7]]);
  });

  it('is a total for a sum view: a smaller reading begins anew, where the last collection ended', async () => {
    const clock = new FakeClock();
    const telemetry = recorded({ clock, views: [total] });
    const readings = [100, 150, 20, 30];
    telemetry.oc.stats.observe(jobs, () => readings.shift() ?? Number.NaN, { k: 'a' });
    const rows: NumberSeries[] = [];
    for (let i = 0; i < 4; i++) {
      clock.pass(1_000);
      rows.push(...((await telemetry.rows('jobs')) as NumberSeries[]));
    }
    const [first, second, third, fourth] = rows;
    expect(rows.map(({ value }) => value)).toEqual([100, 150, 20, 30]);
    expect([second?.start, third?.start, fourth?.start]).toEqual([first?.start, second?.time, second?.time]);
    for (const { start = 0, time } of rows) expect(start).toBeLessThan(time);
  });

  it('stands beside others of its row: sums add up, the last one is the lastValue', async () => {
    const telemetry = recorded({ views: [gauge, total] });
    for (const value of [5, 7]) {
      telemetry.oc.stats.observe(heap, () => value, { k: 'a' });
      telemetry.oc.stats.observe(jobs, async () => value, { k: 'a' });
    }
    telemetry.oc.stats.observe(jobs, () => 1, { k: 'b' });
    expect(await rowsOf(telemetry)).toEqual([
      ['heap', 'a', 7],
      ['jobs', 'a', 12],
      ['jobs', 'b', 1],
    ]);
  });

  it('that fails beside another of its row makes nothing count twice', async () => {
    const clock = new FakeClock();
    const telemetry = recorded({ clock, views: [total] });
    const readings: (number | undefined)[] = [100, undefined, 110];
    telemetry.oc.stats.observe(jobs, () => {
      const reading = readings.shift();
      if (reading === undefined) throw new Error('not now');
      return reading;
    });
    telemetry.oc.stats.observe(jobs, () => 50);
    const deltasOf = deltas();
    let counted = 0;
    for (let i = 0; i < 3; i++) {
      clock.pass(1_000);
      const made = deltasOf(await telemetry.metrics());
      for (const metric of made.metrics) for (const row of metric.timeSeries) counted += row.value as number;
      made.commit();
    }
    expect(counted).toBe(160);
  });

  it('that ends leaves its row, which others of it keep', async () => {
    const telemetry = recorded({ views: [gauge, total] });
    const stops = [1, 2].map((value) => telemetry.oc.stats.observe(jobs, () => value, { k: 'both' }));
    const stop = telemetry.oc.stats.observe(heap, () => 9, { k: 'a' });
    expect(await rowsOf(telemetry)).toEqual([
      ['heap', 'a', 9],
      ['jobs', 'both', 3],
    ]);
    stop();
    stop();
    stops[0]?.();
    expect(await rowsOf(telemetry)).toEqual([['jobs', 'both', 2]]);
    stops[1]?.();
    expect(await telemetry.metrics()).toEqual([]);
    expect(telemetry.problems).toEqual([]);
  });

  it('that comes back finds its row again', async () => {
    const telemetry = recorded({ views: [gauge] });
    const stop = telemetry.oc.stats.observe(heap, () => 1, { k: 'a' });
    await telemetry.metrics();
    stop();
    await telemetry.metrics();
    telemetry.oc.stats.observe(heap, () => 2, { k: 'a' });
    expect(await rowsOf(telemetry)).toEqual([['heap', 'a', 2]]);
  });

  it('of which a count or distribution view is asked is refused, with one warning a view', async () => {
    const telemetry = recorded({
      views: [
        gauge,
        view({ name: 'counted', measure: heap, aggregation: count() }),
        view({ name: 'spread', measure: heap, aggregation: distribution([1]) }),
      ],
    });
    telemetry.oc.stats.observe(heap, () => 5, { k: 'a' });
    for (let i = 0; i < 3; i++) expect(await rowsOf(telemetry)).toEqual([['heap', 'a', 5]]);
    expect(telemetry.problems.map(({ severity, message }) => [severity, /'(\w+)'/.exec(message)?.[1]])).toEqual([
      ['warning', 'counted'],
      ['warning', 'spread'],
    ]);
  });

  it('of a measure without a view is not read at all', async () => {
    let reads = 0;
    const telemetry = recorded({ views: [gauge] });
    telemetry.oc.stats.observe(jobs, () => ++reads);
    await telemetry.metrics();
    expect([reads, telemetry.problems]).toEqual([0, []]);
    telemetry.oc.stats.register(total);
    expect(await rowsOf(telemetry)).toEqual([['jobs', undefined, 1]]);
  });

  it('does not see tags of the context, and keeps a copy of its own', async () => {
    const telemetry = recorded({ views: [gauge] });
    const tags = { k: 'mine' };
    telemetry.oc.stats.withTags({ k: 'context' }, () => telemetry.oc.stats.observe(heap, () => 1, tags));
    tags.k = 'changed';
    await telemetry.oc.stats.withTags({ k: 'other' }, async () => {
      expect(await rowsOf(telemetry)).toEqual([['heap', 'mine', 1]]);
    });
  });

  it('is read once for exporters that collect at the same time', async () => {
    let reads = 0;
    const telemetry = recorded({ views: [gauge] });
    telemetry.oc.stats.observe(heap, async () => {
      reads++;
      await sleep(5);
      return reads;
    });
    const collected = await Promise.all([telemetry.metrics(), telemetry.metrics(), telemetry.metrics()]);
    expect(reads).toBe(1);
    expect(collected[1]).toEqual(collected[0]);
  });
});

describe('a reading that fails', () => {
  const failures: [string, () => unknown][] = [
    [
      'throws',
      () => {
        throw new Error('not now');
      },
    ],
    [
      'throws undefined',
      () => {
        throw undefined;
      },
    ],
    ['rejects', () => Promise.reject(new Error('not now'))],
    ['rejects with nothing', () => Promise.reject()],
    ['is NaN', () => Number.NaN],
    ['is infinite', () => Number.POSITIVE_INFINITY],
    ['is nothing', () => undefined],
    ['is text', () => '5'],
    ['is a BigInt', () => 5n],
    ['is NaN by a promise', async () => Number.NaN],
    [
      'is an object that throws',
      () =>
        Object.defineProperty({}, 'then', {
          get() {
            throw new Error('no promise');
          },
        }),
    ],
  ];
  it.each(failures)('because it %s is left out, with one warning; the others are there', async (_, read) => {
    const telemetry = recorded({ views: [gauge, total] });
    telemetry.oc.stats.observe(heap, read as () => number, { k: 'bad' });
    telemetry.oc.stats.observe(heap, () => 1, { k: 'good' });
    telemetry.oc.stats.observe(jobs, () => 2);
    for (let i = 0; i < 3; i++) {
      expect(await rowsOf(telemetry)).toEqual([
        ['heap', 'good', 1],
        ['jobs', undefined, 2],
      ]);
    }
    expect(telemetry.problems.map(({ severity, message }) => [severity, message.includes("'heap'")])).toEqual([
      ['warning', true],
    ]);
  });

  it('with another reason each time still warns once', async () => {
    const telemetry = recorded({ views: [gauge] });
    let turn = 0;
    telemetry.oc.stats.observe(heap, () => {
      throw new Error(`failure ${turn++}`);
    });
    for (let i = 0; i < 5; i++) await telemetry.metrics();
    expect(telemetry.problems).toHaveLength(1);
  });

  it('because it is negative is refused by a sum, and taken by a lastValue', async () => {
    const telemetry = recorded({ views: [total, view({ name: 'now', measure: jobs, aggregation: lastValue() })] });
    telemetry.oc.stats.observe(jobs, () => -1);
    for (let i = 0; i < 3; i++) expect(await rowsOf(telemetry)).toEqual([['now', -1]]);
    expect(telemetry.problems.map(({ severity }) => severity)).toEqual(['warning']);
  });

  it('does not hide its row’s last value for ever', async () => {
    const telemetry = recorded({ views: [gauge] });
    const readings = [1, Number.NaN, 3];
    telemetry.oc.stats.observe(heap, () => readings.shift() ?? 0, { k: 'a' });
    expect([await rowsOf(telemetry), await rowsOf(telemetry), await rowsOf(telemetry)]).toEqual([
      [['heap', 'a', 1]],
      [],
      [['heap', 'a', 3]],
    ]);
  });

  it('because it never comes is left out after 5 s, with one warning, and holds nobody up longer', async () => {
    const clock = new FakeClock();
    const telemetry = recorded({ clock, views: [gauge, total] });
    telemetry.oc.stats.observe(heap, () => new Promise<number>(() => {}), { k: 'never' });
    telemetry.oc.stats.observe(jobs, () => 2);
    for (let i = 0; i < 2; i++) {
      let collected: unknown[] | undefined;
      const collecting = rowsOf(telemetry).then((rows) => {
        collected = rows;
      });
      clock.pass(4_999);
      await sleep(1);
      expect(collected).toBeUndefined();
      clock.pass(1);
      await collecting;
      expect(collected).toEqual([['jobs', undefined, 2]]);
    }
    expect(telemetry.problems.map(({ severity, message }) => [severity, message.includes("'heap'")])).toEqual([
      ['warning', true],
    ]);
  });

  it('and comes too late changes nothing', async () => {
    const clock = new FakeClock();
    const telemetry = recorded({ clock, views: [gauge] });
    let answer = (_value: number): void => {};
    let slow = true;
    telemetry.oc.stats.observe(heap, () =>
      slow
        ? new Promise<number>((resolve) => {
            answer = resolve;
          })
        : 2,
    );
    const collecting = rowsOf(telemetry);
    clock.pass(5_000);
    expect(await collecting).toEqual([]);
    slow = false;
    answer(1);
    expect(await rowsOf(telemetry)).toEqual([['heap', undefined, 2]]);
  });
});

describe('sums of readings', () => {
  it('that outgrow a double stay finite', async () => {
    const telemetry = recorded({ views: [total] });
    for (let i = 0; i < 3; i++) telemetry.oc.stats.observe(jobs, () => Number.MAX_VALUE);
    const [row] = (await telemetry.rows('jobs')) as NumberSeries[];
    expect(Number.isFinite(row?.value)).toBe(true);
  });
});

describe('an observer that nobody can read', () => {
  const odd: [string, () => unknown][] = [
    ['undefined', () => undefined],
    ['null', () => null],
    ['text', () => 'x'],
    [
      'a revoked proxy',
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      },
    ],
    [
      'members that throw',
      () => {
        const get = () => {
          throw new Error('not for you');
        };
        return Object.defineProperties({}, { name: { get }, k: { get, enumerable: true } });
      },
    ],
  ];
  it.each(odd)('(%s as its measure, reader or tags) does not stop collections', async (_, make) => {
    const telemetry = recorded({ views: [gauge, total] });
    const { stats } = telemetry.oc;
    stats.observe(jobs, () => 2);
    const stops = [
      stats.observe(make() as Measure, () => 1),
      stats.observe(heap, make() as () => number),
      stats.observe(heap, () => 1, make() as Tags),
    ];
    for (let i = 0; i < 2; i++) expect(await rowsOf(telemetry)).toContainEqual(['jobs', undefined, 2]);
    for (const stop of stops) stop();
    expect(await rowsOf(telemetry)).toEqual([['jobs', undefined, 2]]);
  });
});
