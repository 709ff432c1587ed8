import type { Time } from '@oc/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock, NEW_YEAR } from './fake-clock.ts';
import { onlySpan, recorded } from './recorded.ts';

const AT = NEW_YEAR * 1_000;
const HOUR_MS = 3_600_000;
/** The attribute that says that a span was to end before it began. */
const CLAMPED = 'oc.end_before_start';

/** Start and end, in microseconds since NEW_YEAR, of a span that took 5 ms unless it says otherwise. */
async function times(start: unknown, end: unknown): Promise<[number, number, Record<string, unknown>]> {
  const clock = new FakeClock();
  const telemetry = recorded({ clock });
  const span = telemetry.oc.tracer.startSpan('x', { start: start as Time });
  clock.pass(5);
  span.end(end as Time);
  const data = await onlySpan(telemetry);
  return [data.start - AT, data.end - AT, { ...data.attributes }];
}

describe('a time that the user gives', () => {
  it.each([
    ['nothing', undefined, undefined, 0, 5_000],
    ['milliseconds', NEW_YEAR - 10, NEW_YEAR + 2, -10_000, 2_000],
    ['Dates', new Date(NEW_YEAR - 10), new Date(NEW_YEAR + 2), -10_000, 2_000],
    ['fractions', NEW_YEAR + 0.25, NEW_YEAR + 1.5, 250, 1_500],
    ['less than a microsecond', NEW_YEAR + 1 / 4_096, NEW_YEAR + 3 / 4_096, 0, 0],
    ['a start alone', NEW_YEAR - 1, undefined, -1_000, 5_000],
    ['an end alone', undefined, NEW_YEAR + 7, 0, 7_000],
    ['one moment', NEW_YEAR, NEW_YEAR, 0, 0],
    ['1970', 0, new Date(1), -AT, 1_000 - AT],
    ['a start that is no time', Number.NaN, undefined, 0, 5_000],
    ['an invalid Date', new Date(Number.NaN), new Date(Number.NaN), 0, 5_000],
    ['an end that is no time', undefined, Number.NaN, 0, 5_000],
    ['strings', '2026', '2027', 0, 5_000],
    ['null', null, null, 0, 5_000],
    ['a BigInt', 5n, 6n, 0, 5_000],
    ['before 1970', -5, undefined, -AT, 5_000],
    ['minus infinity', Number.NEGATIVE_INFINITY, undefined, -AT, 5_000],
  ])('may be %s', async (_, start, end, started, ended) => {
    expect(await times(start, end)).toEqual([started, ended, {}]);
  });

  it('may be in the year 9999, as exact as a number of microseconds can be there', async () => {
    const then = Date.UTC(9999, 11, 31, 23, 59, 59);
    const [start, end, attributes] = await times(new Date(then), then + 999);
    expect(Math.abs(start + AT - then * 1_000)).toBeLessThanOrEqual(64);
    expect(Math.abs(end + AT - (then + 999) * 1_000)).toBeLessThanOrEqual(64);
    expect(attributes).toEqual({});
  });

  it.each([
    ['infinite', Number.POSITIVE_INFINITY],
    ['the greatest number', Number.MAX_VALUE],
    ['the least', -Number.MAX_VALUE],
    ['past the last Date', 8.64e15 + 1],
  ])('that is %s leaves whole, finite times in order', async (_, time) => {
    for (const [start, end] of [
      [time, undefined],
      [undefined, time],
      [time, time],
    ]) {
      const [started, ended] = await times(start, end);
      for (const micros of [started + AT, ended + AT]) {
        expect(Number.isInteger(micros)).toBe(true);
        expect(micros).toBeGreaterThanOrEqual(0);
      }
      expect(ended).toBeGreaterThanOrEqual(started);
    }
  });

  it.each<[string, () => unknown]>([
    ['a Date that is none', () => Object.create(Date.prototype)],
    ['a proxy of a Date', () => new Proxy(new Date(NEW_YEAR), {})],
    [
      'a revoked proxy',
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      },
    ],
    ['a symbol', () => Symbol('now')],
    ['an object that converts itself', () => ({ valueOf: () => NEW_YEAR - 1 })],
  ])('that is %s counts as none: the span is exported as if it were not given', async (_, odd) => {
    expect(await times(odd(), undefined)).toEqual([0, 5_000, {}]);
    expect(await times(undefined, odd())).toEqual([0, 5_000, {}]);
  });

  it('that is a Date is read once, when it is given', async () => {
    const telemetry = recorded({ clock: new FakeClock() });
    const date = new Date(NEW_YEAR - 1);
    const span = telemetry.oc.tracer.startSpan('x', { start: date });
    date.setTime(0);
    span.end(NEW_YEAR);
    const { start, end } = await onlySpan(telemetry);
    expect([start, end]).toEqual([AT - 1_000, AT]);
  });
});

describe('an end before the start', () => {
  it.each([
    ['given', NEW_YEAR, NEW_YEAR - 1],
    ['given as Dates', new Date(NEW_YEAR), new Date(0)],
    ['because the start is to come', NEW_YEAR + HOUR_MS, undefined],
  ])('%s is clamped to the start and flagged', async (_, start, end) => {
    const [started, ended, attributes] = await times(start, end);
    expect(ended).toBe(started);
    expect(attributes).toEqual({ [CLAMPED]: true });
  });

  it('is flagged within the limit of attributes', async () => {
    const telemetry = recorded({ limits: { attributes: 2 } });
    telemetry.oc.tracer.startSpan('x', { attributes: { a: 1, b: 2 }, start: NEW_YEAR }).end(0);
    const { attributes, dropped } = await onlySpan(telemetry);
    expect([{ ...attributes }, dropped.attributes]).toEqual([{ b: 2, [CLAMPED]: true }, 1]);
  });

  it('is never exported, whatever times are given', async () => {
    const telemetry = recorded({ clock: new FakeClock() });
    const anyTime = fc.oneof(
      fc.double(),
      fc.date({ noInvalidDate: false }),
      fc.constant(undefined),
      fc.double({ min: NEW_YEAR - 1_000, max: NEW_YEAR + 1_000, noNaN: true }),
    );
    await fc.assert(
      fc.asyncProperty(anyTime, anyTime, async (start, end) => {
        telemetry.oc.tracer.startSpan('x', { start }).end(end);
        const span = await onlySpan(telemetry);
        expect(Number.isInteger(span.start) && Number.isInteger(span.end)).toBe(true);
        expect(span.start).toBeGreaterThanOrEqual(0);
        expect(span.end).toBeGreaterThanOrEqual(span.start);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a wall clock that is set during a span', () => {
  it.each([
    ['forth an hour', HOUR_MS],
    ['back an hour', -HOUR_MS],
    ['back to before 1970', -2 * NEW_YEAR],
  ])('%s changes neither durations nor the order of times', async (_, jump) => {
    const clock = new FakeClock();
    const telemetry = recorded({ clock });
    const { tracer } = telemetry.oc;
    const outer = tracer.startSpan('outer');
    clock.pass(200);
    clock.setWall(jump);
    clock.pass(200);
    const inner = tracer.startSpan('inner', { parent: outer });
    outer.annotate('after the jump');
    clock.pass(50);
    inner.end();
    clock.pass(50);
    outer.end();
    const [child, parent] = await telemetry.spans();
    expect([parent?.start, parent?.end, parent?.annotations[0]?.time]).toEqual([AT, AT + 500_000, AT + 400_000]);
    expect([child?.start, child?.end]).toEqual([AT + 400_000, AT + 450_000]);
  });

  it.each([HOUR_MS, -HOUR_MS])('by %i ms is followed by the next root', async (jump) => {
    const clock = new FakeClock();
    const telemetry = recorded({ clock });
    telemetry.oc.tracer.startSpan('before').end();
    clock.setWall(jump);
    clock.pass(1_000);
    telemetry.oc.tracer.startSpan('after').end();
    expect((await telemetry.spans()).map(({ start }) => start - AT)).toEqual([0, (jump + 1_000) * 1_000]);
  });
});

describe('on the real clock', () => {
  it('a span lies between the readings around it, and children within their parents', async () => {
    const telemetry = recorded();
    const before = Date.now();
    await telemetry.oc.tracer.span('outer', async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      telemetry.oc.tracer.span('inner', () => {});
    });
    const after = Date.now();
    const [inner, outer] = await telemetry.spans();
    if (!inner || !outer) throw new Error('two spans were to come');
    expect(outer.start).toBeGreaterThanOrEqual((before - 2) * 1_000);
    expect(outer.end).toBeLessThanOrEqual((after + 2) * 1_000);
    expect(outer.end - outer.start).toBeGreaterThanOrEqual(19_000);
    expect([outer.start <= inner.start, inner.start <= inner.end, inner.end <= outer.end]).toEqual([true, true, true]);
  });
});
