import { type Problem, telemetry } from '@oc/core';
import type { Exporter } from '@oc/core/exporter';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { ManualClock } from '../../../testkit/src/clock.ts';
import { Backend, endSpans, imbalance, ok, onceEach, rig, silence, spansOf, status, turn, wire } from './wire.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** The numbers of spans in reports of a loss. */
function losses(problems: readonly Problem[], reason: string): readonly number[] {
  return problems
    .filter(({ severity, message }) => severity === 'error' && message.includes(`(${reason})`))
    .map(({ message }) => Number(/^wire: (\d+) spans? dropped/.exec(message)?.[1]));
}

test('the first loss is reported at once, the next ones in a sum, at most once a minute', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open(silence);
  const exporter = wire(backend, { clock });
  const { oc, problems } = rig([[exporter, { queueItems: 10, attemptMs: 2_000_000 }]], { clock });
  endSpans(oc, 15);
  expect(losses(problems, 'queue-full')).toEqual([1]);
  await clock.pass(59_000);
  endSpans(oc, 6);
  expect(losses(problems, 'queue-full')).toEqual([1]);
  await clock.pass(2_000);
  expect(losses(problems, 'queue-full')).toEqual([1, 10]);
  await clock.pass(30_000);
  endSpans(oc, 7);
  await clock.pass(28_000);
  expect(losses(problems, 'queue-full')).toEqual([1, 10]);
  await clock.pass(2_000);
  expect(losses(problems, 'queue-full')).toEqual([1, 10, 7]);
  // After a quiet minute the next loss is a first one again.
  await clock.pass(120_000);
  endSpans(oc, 2);
  expect(losses(problems, 'queue-full')).toEqual([1, 10, 7, 1]);
  await clock.pass(61_000);
  expect(losses(problems, 'queue-full')).toEqual([1, 10, 7, 1, 1]);
  expect(losses(problems, 'queue-full').reduce((a, b) => a + b)).toBe(spansOf(oc).dropped['queue-full']);
});

test('a flood of losses costs one line a minute', async () => {
  const clock = new ManualClock();
  const { oc, problems } = rig(
    [[wire(await Backend.open(silence), { clock }), { queueItems: 1, attemptMs: 2_000_000 }]],
    {
      clock,
    },
  );
  for (let second = 0; second < 600; second++) {
    endSpans(oc, 20);
    await clock.pass(1_000);
  }
  const reported = losses(problems, 'queue-full');
  expect(reported.length).toBeLessThanOrEqual(11);
  expect(reported.length).toBeGreaterThanOrEqual(10);
});

test('losses that were not told yet are told at the shutdown, so that the sums of all reports are the account', async () => {
  const backend = await Backend.open(status(400));
  const { oc, problems } = rig([[wire(backend), { queueItems: 20, batchItems: 5 }]]);
  endSpans(oc, 50);
  await oc.flush();
  endSpans(oc, 3);
  backend.behave = silence;
  await oc.shutdown({ withinMs: 200 });
  const { dropped } = spansOf(oc);
  expect(dropped).toEqual({ 'queue-full': 30, rejected: 20, deadline: 3 });
  for (const [reason, count] of Object.entries(dropped)) {
    expect([reason, losses(problems, reason).reduce((a, b) => a + b, 0)]).toEqual([reason, count]);
  }
});

test('an outage is told once a minute, a short one not at all', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open();
  backend.next(status(503));
  const exporter = wire(backend, { clock });
  const busy = (): boolean => exporter.running > 0;
  const { oc, problems } = rig([exporter], { clock });
  endSpans(oc, 1);
  await clock.until(() => spansOf(oc).delivered === 1, busy);
  expect(problems).toEqual([]);
  backend.behave = status(503, {}, 'overloaded');
  endSpans(oc, 1);
  await clock.pass(290_000, busy);
  expect(problems.length).toBeGreaterThanOrEqual(1);
  expect(problems.length).toBeLessThanOrEqual(5);
  for (const problem of problems) {
    expect(problem).toMatchObject({ exporter: 'wire', severity: 'warning' });
    expect(problem.message).toContain(`POST ${backend.url} answered 503: overloaded`);
  }
});

test('each exporter and signal is reported by its own name', async () => {
  const backend = await Backend.open(status(400));
  const { oc, problems } = rig([wire(backend, { name: 'one' }), wire(backend, { name: 'two' })]);
  endSpans(oc, 2);
  await oc.flush();
  expect(problems.map(({ exporter, message }) => [exporter, message.split(':')[0]]).sort()).toEqual([
    ['one', 'one'],
    ['two', 'two'],
  ]);
});

test('an onError that throws changes nothing', async () => {
  const backend = await Backend.open(status(400));
  const { oc } = rig([[wire(backend), { queueItems: 5 }]], {
    onError() {
      throw new Error('from onError');
    },
  });
  endSpans(oc, 8);
  await oc.flush();
  expect(spansOf(oc)).toMatchObject({ accepted: 8, dropped: { 'queue-full': 3, rejected: 5 } });
  backend.behave = ok;
  const names = endSpans(oc, 2, 'next');
  await oc.flush();
  expect(backend.took).toEqual(onceEach(names));
  backend.behave = status(401);
  endSpans(oc, 1, 'paused');
  expect(await oc.shutdown({ withinMs: 400 })).toMatchObject([{ spans: { dropped: { misconfigured: 1 } } }]);
});

test('an onError whose promise rejects leaves no unhandled rejection, which would end the process', async () => {
  const others = process.listeners('unhandledRejection');
  const unhandled: unknown[] = [];
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', (reason) => unhandled.push(reason));
  onTestFinished(() => {
    process.removeAllListeners('unhandledRejection');
    for (const other of others) process.on('unhandledRejection', other);
  });
  const { oc } = rig([wire(await Backend.open(status(400)))], {
    onError: async ({ message }) => {
      throw new Error(`no log for: ${message}`);
    },
  });
  endSpans(oc, 2);
  await oc.flush();
  for (let i = 0; i < 3; i++) await turn();
  expect(unhandled).toEqual([]);
  expect(spansOf(oc).dropped).toEqual({ rejected: 2 });
});

test('an onError that ends spans of its own is no recursion', async () => {
  const { oc, problems } = rig([[wire(await Backend.open(silence)), { queueItems: 2 }]], {
    onError() {
      endSpans(oc, 3, 'told');
    },
  });
  endSpans(oc, 5);
  expect(problems).toHaveLength(1);
  expect(spansOf(oc)).toMatchObject({ accepted: 8, queued: 2, dropped: { 'queue-full': 6 } });
});

test('the account is in balance inside onError too, whatever is reported', async () => {
  const seen: [string, number][] = [];
  const backend = await Backend.open();
  const { oc, problems } = rig([[wire(backend, { failures: { 400: 'poisoned' } }), { queueItems: 100 }]], {
    onError({ message }) {
      seen.push([message.slice(0, 40), imbalance(spansOf(oc))]);
    },
  });
  const partly = JSON.stringify({
    failed: [
      { failure: 'rejected', count: 2 },
      { failure: 'unavailable', ids: ['s3'] },
    ],
  });
  const faults = [status(422), status(413), status(401), status(400), status(200, {}, partly)];
  for (const fault of faults) {
    backend.next(fault);
    endSpans(oc, 8);
    await oc.flush();
    // The shutdown of another minute: every loss is the first one.
  }
  backend.behave = status(413);
  endSpans(oc, 120);
  await oc.flush();
  backend.behave = silence;
  endSpans(oc, 4);
  await oc.shutdown({ withinMs: 100 });
  expect(seen.filter(([, by]) => by !== 0)).toEqual([]);
  expect(problems.length).toBeGreaterThanOrEqual(4);
});

test.each([
  ['rejected', status(400)],
  ['too-large', status(413)],
  ['misconfigured', status(403)],
  ['rejected by count', status(200, {}, '{"failed":[{"failure":"rejected","count":3}]}')],
  [
    'partly rejected and partly unavailable',
    status(200, {}, '{"failed":[{"failure":"rejected","ids":["s0"]},{"failure":"unavailable","ids":["s1"]}]}'),
  ],
  ['poisoned', status(422)],
])('the account is in balance when the first report of it is about what was %s', async (_, fault) => {
  const seen: number[] = [];
  const backend = await Backend.open();
  const { oc } = rig([wire(backend, { failures: { 422: 'poisoned' } })], {
    onError: () => seen.push(imbalance(spansOf(oc))),
  });
  endSpans(oc, 6);
  backend.behave = fault;
  await oc.flush({ withinMs: 300 });
  expect(seen.length).toBeGreaterThanOrEqual(1);
  expect(seen.every((by) => by === 0)).toBe(true);
});

test('without onError a problem is one line of console.warn', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const backend = await Backend.open(status(400, {}, 'first\nsecond'));
  const oc = telemetry({ exporters: [wire(backend)], flushOn: [] });
  onTestFinished(async () => void (await oc.shutdown()));
  endSpans(oc, 3);
  await oc.flush();
  expect(warn.mock.calls).toEqual([
    [expect.stringMatching(/^\S.*wire: 3 spans dropped \(rejected\): .* answered 400: first second$/)],
  ]);
});

test('warnings of a call are kept in health, and told at most once a minute', async () => {
  const clock = new ManualClock();
  const exporter: Exporter = {
    name: 'odd',
    async exportSpans(spans, call) {
      call.warn(`odd: ${spans[0]?.name}\nis strange${'!'.repeat(5_000)}`);
    },
  };
  const { oc, problems } = rig([[exporter, { batchItems: 1 }]], { clock });
  for (let i = 0; i < 10; i++) {
    endSpans(oc, 1, `n${i}-`);
    await clock.pass(10_000);
  }
  expect(problems.map(({ severity, message }) => [severity, message.slice(0, 22)])).toEqual([
    ['warning', 'odd: n0-0 is strange!!'],
    ['warning', 'odd: n6-0 is strange!!'],
  ]);
  expect(spansOf(oc)).toMatchObject({
    delivered: 10,
    dropped: {},
    lastWarning: { message: expect.stringContaining('n9-0') },
  });
  expect(spansOf(oc).lastWarning?.message.length).toBeLessThanOrEqual(1_000);
});

test('lastError says what failed and when, by the wall clock', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open(status(400, {}, 'bad field'));
  const exporter = wire(backend, { clock });
  const { oc } = rig([exporter], { clock });
  expect(spansOf(oc).lastError).toBeUndefined();
  endSpans(oc, 1);
  await clock.settle(oc.flush(), () => exporter.running > 0);
  expect(spansOf(oc).lastError).toEqual({
    message: `wire: POST ${backend.url} answered 400: bad field`,
    at: clock.wall(),
  });
});
