import { count, type DeliveryOptions, measure, view } from '@oc/core';
import { ExportError, type Exporter, type ExportFailure, type Metric, type SpanData } from '@oc/core/exporter';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../testkit/src/clock.ts';
import { endSpans, figures, imbalance, metricsOf, type Rig, rig, rowsOf, spansOf } from './wire.ts';

interface PartialRig extends Rig {
  /** The names in each call. */
  readonly calls: readonly (readonly string[])[];
  /** Flushes; gives the figures of the account. */
  drain(): Promise<object>;
}

/** An exporter whose calls fail as told, one answer each, and pass afterwards. */
function partialRig(
  answers: readonly ((spans: readonly SpanData[]) => unknown)[],
  delivery: Partial<DeliveryOptions> = {},
): PartialRig {
  const clock = new ManualClock();
  const calls: string[][] = [];
  const exporter: Exporter = {
    name: 'parts',
    async exportSpans(spans) {
      calls.push(spans.map(({ name }) => name));
      const error = answers[calls.length - 1]?.(spans);
      if (error !== undefined) throw error;
    },
  };
  const made = rig([[exporter, delivery]], { clock });
  return {
    ...made,
    calls,
    async drain() {
      await clock.settle(made.oc.flush(), () => false);
      expect(imbalance(spansOf(made.oc))).toBe(0);
      return figures(spansOf(made.oc));
    },
  };
}

function failed(failure: ExportFailure, detail: { items?: readonly SpanData[]; count?: number } = {}): ExportError {
  return new ExportError(failure, `parts: ${failure}`, detail);
}

function named(spans: readonly SpanData[], ...names: readonly string[]): readonly SpanData[] {
  return spans.filter(({ name }) => names.includes(name));
}

const IDLE = { state: 'idle', dropped: {}, queued: 0, inFlight: 0 };

test('a count without names is a loss of so many', async () => {
  const { oc, calls, drain } = partialRig([() => failed('rejected', { count: 2 })]);
  const names = endSpans(oc, 5);
  expect(await drain()).toEqual({ ...IDLE, accepted: 5, delivered: 3, dropped: { rejected: 2 } });
  expect(calls).toEqual([names]);
});

test.each([
  ['more than there were', 50, 5],
  ['none', 0, 0],
])('a count of %s is held to the call', async (_, count, lost) => {
  const { oc, drain } = partialRig([() => failed('rejected', { count })]);
  endSpans(oc, 5);
  const dropped = lost > 0 ? { rejected: lost } : {};
  expect(await drain()).toEqual({ ...IDLE, accepted: 5, delivered: 5 - lost, dropped });
});

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '3', null])(
  'with a count of %s all of the call has failed',
  async (count) => {
    const { oc, drain } = partialRig([() => Object.assign(failed('rejected'), { count })]);
    endSpans(oc, 5);
    expect(await drain()).toEqual({ ...IDLE, accepted: 5, delivered: 0, dropped: { rejected: 5 } });
  },
);

test('several answers about parts of a call are taken each by itself', async () => {
  const { oc, calls, drain } = partialRig([
    (spans) =>
      new AggregateError([
        failed('unavailable', { items: named(spans, 's0', 's1') }),
        failed('rejected', { items: named(spans, 's2') }),
        failed('unconfirmed', { items: named(spans, 's3', 's4', 's5') }),
        failed('rejected', { count: 1 }),
      ]),
  ]);
  const names = endSpans(oc, 10);
  expect(await drain()).toEqual({
    ...IDLE,
    accepted: 10,
    delivered: 5,
    dropped: { rejected: 2, unconfirmed: 3 },
  });
  expect(calls).toEqual([names, ['s0', 's1']]);
});

test('an item that two answers name is settled once, and the items that none names were delivered', async () => {
  const { oc, calls, drain } = partialRig([
    (spans) =>
      new AggregateError([
        failed('unavailable', { items: named(spans, 's0', 's1') }),
        failed('rejected', { items: named(spans, 's1') }),
      ]),
  ]);
  endSpans(oc, 5);
  await drain();
  const { accepted, delivered, dropped, queued, inFlight } = spansOf(oc);
  expect({ accepted, queued, inFlight }).toEqual({ accepted: 5, queued: 0, inFlight: 0 });
  // s1 may count as either; s2, s3 and s4 were accepted.
  expect(delivered).toBeGreaterThanOrEqual(4);
  expect(dropped.rejected ?? 0).toBe(5 - delivered);
  expect(calls.slice(1).flat()).not.toEqual(expect.arrayContaining(['s2']));
});

test('an AggregateError with a member that says no failure is one error that explains nothing', async () => {
  const { oc, calls, drain } = partialRig([
    (spans) => new AggregateError([failed('unavailable', { items: named(spans, 's0') }), new Error('and this')]),
  ]);
  const names = endSpans(oc, 5);
  expect(await drain()).toEqual({ ...IDLE, accepted: 5, delivered: 0, dropped: { 'exporter-error': 5 } });
  expect(calls).toEqual([names]);
});

test('an AggregateError without members, or of members that know no failure, is one error too', async () => {
  const { oc, drain } = partialRig([
    () => new AggregateError([]),
    () => new AggregateError([Object.assign(new Error('odd'), { failure: 'odd' })]),
  ]);
  endSpans(oc, 2);
  await drain();
  endSpans(oc, 3);
  expect(await drain()).toEqual({ ...IDLE, accepted: 5, delivered: 0, dropped: { 'exporter-error': 5 } });
});

test('a refused connection to several addresses, which is an AggregateError with a code, is an outage', async () => {
  const refused = (address: string): Error =>
    Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: 'ECONNREFUSED' });
  const { oc, drain } = partialRig([
    () => Object.assign(new AggregateError([refused('::1'), refused('127.0.0.1')]), { code: 'ECONNREFUSED' }),
  ]);
  endSpans(oc, 5);
  expect(await drain()).toEqual({ ...IDLE, accepted: 5, delivered: 5 });
});

test.each([
  ['an error code of the network', Object.assign(new Error('lost'), { code: 'ECONNRESET' })],
  ['the code of its cause', new Error('fetch failed', { cause: Object.assign(new Error('x'), { code: 'EAI_AGAIN' }) })],
  ['an AbortError', Object.assign(new Error('aborted'), { name: 'AbortError' })],
  ['a TimeoutError', new DOMException('late', 'TimeoutError')],
  ['a plain object of another copy of core', { failure: 'unavailable', message: 'busy' }],
])('%s makes an error without a known failure an outage', async (_, error) => {
  const { oc, calls, drain } = partialRig([() => error]);
  const names = endSpans(oc, 3);
  expect(await drain()).toEqual({ ...IDLE, accepted: 3, delivered: 3 });
  expect(calls).toEqual([names, names]);
});

test('all items named is as all failed, and all of a split part too', async () => {
  const { oc, calls, drain } = partialRig([
    (spans) => failed('too-large', { items: [...spans] }),
    (spans) => failed('unavailable', { items: [...spans].reverse() }),
  ]);
  endSpans(oc, 4);
  expect(await drain()).toEqual({ ...IDLE, accepted: 4, delivered: 4 });
  expect(calls.flat().sort()).toEqual(['s0', 's0', 's0', 's1', 's1', 's1', 's2', 's2', 's3', 's3']);
});

test('only the part that was too large is split, only the part that is poisoned is searched', async () => {
  const { oc, calls, drain } = partialRig([
    (spans) =>
      new AggregateError([
        failed('too-large', { items: named(spans, 's0', 's1') }),
        failed('poisoned', { items: named(spans, 's2', 's3') }),
      ]),
  ]);
  endSpans(oc, 6);
  expect(await drain()).toEqual({ ...IDLE, accepted: 6, delivered: 6 });
  expect(calls).toHaveLength(5);
  expect(calls.slice(1).flat().sort()).toEqual(['s0', 's1', 's2', 's3']);
});

test('an item that fails for ever while the others of its call pass ends as retry-exhausted', async () => {
  const clock = new ManualClock();
  const exporter: Exporter = {
    name: 'parts',
    async exportSpans(spans) {
      const bad = spans.filter(({ name }) => name.startsWith('bad'));
      if (bad.length > 0) throw failed('unavailable', { items: bad });
    },
  };
  const { oc } = rig([[exporter, { batchItems: 10, retryForMs: 10_000 }]], { clock });
  let rounds = 0;
  for (; rounds < 600 && !('retry-exhausted' in spansOf(oc).dropped); rounds++) {
    endSpans(oc, 9, `good${rounds}-`);
    endSpans(oc, 1, `bad${rounds}-`);
    await clock.pass(1_000);
    expect(imbalance(spansOf(oc))).toBe(0);
  }
  // Others passed in each of these seconds: a budget of 10 s cannot last for 10 min.
  expect(rounds).toBeLessThan(600);
});

test('rows of metrics are named by identity like spans', async () => {
  const requests = measure({ name: 'requests' });
  const calls: string[][] = [];
  const exporter: Exporter = {
    name: 'parts',
    async exportMetrics(metrics: readonly Metric[]) {
      const rows = rowsOf(metrics);
      calls.push(rows.map(({ id }) => id));
      if (calls.length > 1) return;
      throw new AggregateError([
        new ExportError('unavailable', 'busy', { items: rows.slice(1, 3).map(({ series }) => series) }),
        new ExportError('rejected', 'bad', { items: rows.slice(3, 4).map(({ series }) => series) }),
      ]);
    },
  };
  const { oc } = rig([exporter], {
    views: [
      view({ name: 'a', measure: requests, aggregation: count(), tagKeys: ['key'] }),
      view({ name: 'b', measure: requests, aggregation: count(), tagKeys: ['key'] }),
    ],
  });
  for (const key of ['x', 'y', 'z']) oc.stats.record([[requests, 1]], { key });
  await oc.flush();
  expect(calls).toEqual([
    ['a{x}', 'a{y}', 'a{z}', 'b{x}', 'b{y}', 'b{z}'],
    ['a{y}', 'a{z}'],
  ]);
  expect(figures(metricsOf(oc))).toEqual({ ...IDLE, accepted: 6, delivered: 5, dropped: { rejected: 1 } });
});
