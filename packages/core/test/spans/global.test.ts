import * as core from '@oc/core';
import { lastValue, measure, type Span, type SpanContext, stats, sum, telemetry, tracer, view } from '@oc/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { onlySpan, type Recorded, recorded, withEnvironment } from './recorded.ts';

const SLOT = Symbol.for('oc.core.global.v1');
const REMOTE: SpanContext = {
  traceId: 'a1b2c3d4e5f60718293a4b5c6d7e8f90',
  spanId: '00f1e2d3c4b5a697',
  sampled: true,
  traceState: 'k=v',
  remote: true,
};
const jobs = measure({ name: 'jobs' });
const queue = measure({ name: 'queue' });
const views = [
  view({ measure: jobs, aggregation: sum(), tagKeys: ['kind'] }),
  view({ measure: queue, aggregation: lastValue(), tagKeys: ['kind'] }),
];

/** Takes away what `install` left, so that each test begins as a process does. */
afterEach(() => {
  delete (globalThis as unknown as Record<symbol, unknown>)[SLOT];
});

function installed(): Recorded {
  const telemetry = recorded({ views });
  telemetry.oc.install();
  return telemetry;
}

async function values({ metrics }: Recorded): Promise<unknown> {
  return (await metrics()).map(({ name, timeSeries }) => [
    name,
    [...timeSeries].map(({ labelValues, value }) => [...labelValues, value]),
  ]);
}

const odd: [string, () => never][] = [
  ['text', () => 'text' as never],
  ['a number', () => 7 as never],
  ['null', () => null as never],
  [
    'a revoked proxy',
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy as never;
    },
  ],
  [
    'members that throw',
    () => {
      const get = () => {
        throw new Error('not for you');
      };
      return Object.defineProperties(
        {},
        { parent: { get }, context: { get }, name: { get }, kind: { get, enumerable: true } },
      ) as never;
    },
  ],
];

describe('before install', () => {
  it('the global tracer makes spans that record nothing and have valid contexts', () => {
    const span = tracer.startSpan('x', { attributes: { a: 1 } });
    expect(span.recording).toBe(false);
    expect(span.context).toEqual({
      traceId: expect.stringMatching(/^(?!0+$)[0-9a-f]{32}$/),
      spanId: expect.stringMatching(/^(?!0+$)[0-9a-f]{16}$/),
      sampled: false,
    });
    span.setAttribute('a', 1).setAttributes({}).annotate('b').recordError('c').messageEvent({ type: 'sent', id: 1 });
    span.link(REMOTE).setStatus('OK').setName('y').end();
    expect(tracer.startSpan('z').context.traceId).not.toBe(span.context.traceId);
  });

  it('functions run, in a current span, and contexts pass through', async () => {
    expect(tracer.current()).toBeUndefined();
    const result = await tracer.span('x', { parent: REMOTE }, async (span) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      expect(tracer.current()).toBe(span);
      return [span.context.traceId, tracer.startSpan('y').context.traceId, tracer.scoped('lib').current() === span];
    });
    expect(result).toEqual([REMOTE.traceId, REMOTE.traceId, true]);
    const error = new Error('through');
    expect(() =>
      tracer.span('x', () => {
        throw error;
      }),
    ).toThrow(error);
    const span = tracer.startSpan('x');
    expect(tracer.withSpan(span, () => tracer.current())).toBe(span);
  });

  it('a remote context goes on as it came: no id reaches others that no backend will ever know', () => {
    const { traceId, spanId, sampled, traceState } = REMOTE;
    const span = tracer.startSpan('x', { parent: REMOTE });
    const child = tracer.startSpan('y', { parent: span });
    for (const { context } of [span, child]) expect(context).toMatchObject({ traceId, spanId, sampled, traceState });
  });

  it('nothing records, whatever the parent or the sampler of a span says', () => {
    const always = { sampler: core.alwaysSample() };
    const spans = [
      tracer.startSpan('sampled parent', { parent: REMOTE }),
      tracer.startSpan('sampler', always),
      tracer.startSpan('both', { parent: REMOTE, ...always }),
      tracer.scoped('lib').startSpan('scoped', always),
      tracer.startSpan('no parent', { parent: {} as SpanContext, ...always }),
    ];
    expect(spans.map(({ recording }) => recording)).toEqual([false, false, false, false, false]);
  });

  it('the global stats take everything and keep nothing', async () => {
    stats.record([[jobs, 1]], { kind: 'a' });
    stats.bind(jobs).record(1);
    stats.register(views[0] as core.View);
    stats.observe(jobs, () => 1)();
    expect(stats.withTags({ kind: 'a' }, () => 'ran')).toBe('ran');
    expect(await stats.withTags({ kind: 'a' }, async () => 'ran')).toBe('ran');
    expect(await values(installed())).toEqual([]);
  });

  it.each(odd)('%s in place of options, parents, tags or measures harms nobody', (_, make) => {
    const valid = { traceId: /^(?!0+$)[0-9a-f]{32}$/, spanId: /^(?!0+$)[0-9a-f]{16}$/ };
    for (const span of [tracer.startSpan(make(), make()), tracer.startSpan('x', { parent: make() })]) {
      expect(span.context.traceId).toMatch(valid.traceId);
      expect(span.context.spanId).toMatch(valid.spanId);
    }
    expect(tracer.span('x', { parent: make() }, () => 'ran')).toBe('ran');
    expect(tracer.scoped(make(), make()).span('x', () => 'ran')).toBe('ran');
    stats.record(make(), make());
    stats.bind(make(), make()).record(make());
    stats.register(make());
    stats.observe(make(), make(), make())();
    expect(stats.withTags(make(), () => 'ran')).toBe('ran');
  });

  it.each([
    ['zero ids', { ...REMOTE, traceId: '0'.repeat(32) }],
    ['short ids', { ...REMOTE, spanId: '12' }],
    ['no ids', {} as SpanContext],
  ])('a parent with %s makes a span with a valid context', (_, parent) => {
    const { traceId, spanId } = tracer.startSpan('x', { parent }).context;
    expect(traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
    expect(spanId).toMatch(/^(?!0+$)[0-9a-f]{16}$/);
  });
});

describe('install', () => {
  it('brings the global tracer and its scoped ones to life, those made before too', async () => {
    const scoped = tracer.scoped('lib', '1.2.3');
    const telemetry = installed();
    tracer.span('outer', { kind: 'server' }, (outer) => {
      expect(telemetry.oc.tracer.current()).toBe(outer);
      scoped.span('inner', () => {});
      scoped.scoped('deeper').startSpan('deep').end();
    });
    expect((await telemetry.spans()).map(({ name, kind, scope }) => [name, kind, scope])).toEqual([
      ['inner', 'unspecified', { name: 'lib', version: '1.2.3' }],
      ['deep', 'unspecified', { name: 'deeper' }],
      ['outer', 'server', undefined],
    ]);
  });

  it('brings handles and observers to life that were made before', async () => {
    const bound = stats.bind(jobs, { kind: 'bound' });
    bound.record(100);
    const stop = stats.observe(queue, () => 7, { kind: 'observed' });
    const telemetry = installed();
    bound.record(2);
    bound.record(3);
    stats.record([[jobs, 4]], { kind: 'recorded' });
    stats.withTags({ kind: 'context' }, () => stats.record([[jobs, 5]]));
    expect(await values(telemetry)).toEqual([
      [
        'jobs',
        [
          ['bound', 5],
          ['recorded', 4],
          ['context', 5],
        ],
      ],
      ['queue', [['observed', 7]]],
    ]);
    stop();
    expect(await values(telemetry)).toEqual([['jobs', expect.any(Array)]]);
  });

  it('finds the tags of handles and observers as they were given, whatever became of them since', async () => {
    const tags = { kind: 'given' };
    const bound = stats.bind(jobs, tags);
    stats.observe(queue, () => 7, tags);
    tags.kind = 'changed';
    const telemetry = installed();
    bound.record(1);
    expect(await values(telemetry)).toEqual([
      ['jobs', [['given', 1]]],
      ['queue', [['given', 7]]],
    ]);
  });

  it.each(odd)(
    'finds observers with %s in place of measure, reader or tags, and collects the others',
    async (_, make) => {
      stats.observe(make(), () => 1);
      stats.observe(queue, make());
      stats.observe(queue, () => 1, make());
      stats.observe(queue, () => 7, { kind: 'good' });
      const telemetry = installed();
      stats.record([[jobs, 1]], { kind: 'good' });
      const collected = new Map((await values(telemetry)) as [string, unknown[]][]);
      expect(collected.get('jobs')).toEqual([['good', 1]]);
      expect(collected.get('queue')).toContainEqual(['good', 7]);
    },
  );

  it('takes views from libraries', async () => {
    const telemetry = installed();
    stats.register(view({ name: 'mine', measure: jobs, aggregation: core.count() }));
    stats.record([[jobs, 4]]);
    expect(await values(telemetry)).toEqual([
      ['jobs', [[undefined, 4]]],
      ['mine', [[1]]],
    ]);
  });

  it('by a second telemetry wins: spans, scopes, handles and observers all go there', async () => {
    const bound = stats.bind(jobs, { kind: 'bound' });
    const scoped = tracer.scoped('lib');
    stats.observe(queue, () => 7, { kind: 'observed' });
    const first = installed();
    bound.record(1);
    scoped.startSpan('to the first').end();
    const second = installed();
    bound.record(2);
    scoped.startSpan('to the second').end();
    tracer.startSpan('plain').end();
    stats.record([[jobs, 4]], { kind: 'recorded' });
    expect([
      (await first.spans()).map(({ name }) => name),
      (await second.spans()).map(({ name }) => name),
      await values(first),
      await values(second),
    ]).toEqual([
      ['to the first'],
      ['to the second', 'plain'],
      [['jobs', [['bound', 1]]]],
      [
        [
          'jobs',
          [
            ['bound', 2],
            ['recorded', 4],
          ],
        ],
        ['queue', [['observed', 7]]],
      ],
    ]);
  });

  it('may be called twice', async () => {
    const telemetry = installed();
    telemetry.oc.install();
    tracer.startSpan('x').end();
    stats.observe(queue, () => 7);
    expect([(await onlySpan(telemetry)).name, await values(telemetry)]).toEqual(['x', [['queue', [[undefined, 7]]]]]);
  });

  it('leaves spans that were begun before it as parents of those after: same trace, same decision', async () => {
    const parents: Span[] = [
      tracer.startSpan('sampled remote', { parent: REMOTE }),
      tracer.startSpan('unsampled remote', { parent: { ...REMOTE, sampled: false } }),
      tracer.startSpan('root'),
    ];
    const telemetry = installed();
    const children = parents.map((parent) => tracer.startSpan('child', { parent }));
    const current = parents.map((parent) => tracer.withSpan(parent, () => tracer.startSpan('child')));
    for (const made of [children, current]) {
      expect(made.map(({ context }) => [context.traceId, context.sampled])).toEqual([
        [REMOTE.traceId, true],
        [REMOTE.traceId, false],
        [parents[2]?.context.traceId, false],
      ]);
    }
    for (const child of children) child.end();
    expect((await onlySpan(telemetry)).parentSpanId).toBe(parents[0]?.context.spanId);
  });

  it('lets a span of a second copy of core be a parent and the current span', async () => {
    vi.resetModules();
    const copy: typeof core = await import('@oc/core');
    const foreign = copy.telemetry({ flushOn: [], onError() {} }).tracer.startSpan('foreign');
    const telemetry = installed();
    tracer.startSpan('below', { parent: foreign }).end();
    tracer.withSpan(foreign, () => tracer.span('below current', () => {}));
    const above = [foreign.context.traceId, foreign.context.spanId];
    expect((await telemetry.spans()).map(({ traceId, parentSpanId }) => [traceId, parentSpanId])).toEqual([
      above,
      above,
    ]);
  });

  it('reaches the globals of a second copy of core in the process', async () => {
    vi.resetModules();
    const copy: typeof core = await import('@oc/core');
    expect(copy.tracer).not.toBe(tracer);
    const scoped = copy.tracer.scoped('lib');
    const observed = measure({ name: 'queue' });
    copy.stats.observe(copy.measure({ name: 'queue' }), () => 9, { kind: 'copy' });
    const telemetry = installed();
    tracer.span('outer', (outer) => {
      expect(copy.tracer.current()).toBe(outer);
      scoped.startSpan('inner').end();
    });
    copy.stats.record([[copy.measure({ name: 'jobs' }), 3]], { kind: 'copy' });
    expect((await telemetry.spans()).map(({ name, parentSpanId }) => [name, parentSpanId !== undefined])).toEqual([
      ['inner', true],
      ['outer', false],
    ]);
    expect(await values(telemetry)).toEqual([
      ['jobs', [['copy', 3]]],
      [observed.name, [['copy', 9]]],
    ]);
  });
});

describe('OTEL_SDK_DISABLED', () => {
  it.each(['true', 'TRUE', ' true '])('=%j makes all of it a no-op', async (value) => {
    const called: string[] = [];
    const oc = withEnvironment({ OTEL_SDK_DISABLED: value }, () =>
      telemetry({
        exporters: [
          {
            name: 'never',
            start: () => void called.push('start'),
            exportSpans: async () => void called.push('spans'),
            exportMetrics: async () => void called.push('metrics'),
            close: async () => void called.push('close'),
          },
        ],
        views,
        onError: ({ message }) => called.push(message),
      }),
    );
    oc.install();
    const outcome = oc.tracer.span('x', (span) => {
      oc.stats.record([[jobs, 1]]);
      oc.stats.bind(jobs).record(1);
      oc.stats.observe(jobs, () => 1)();
      return [span.recording, oc.tracer.current() === span, oc.stats.withTags({}, () => 'ran')];
    });
    expect(outcome).toEqual([false, true, 'ran']);
    const always = { sampler: core.alwaysSample() };
    for (const each of [tracer, oc.tracer]) {
      const spans = [each.startSpan('y'), each.startSpan('y', { parent: REMOTE }), each.startSpan('y', always)];
      expect(spans.map(({ recording }) => recording)).toEqual([false, false, false]);
    }
    expect([await oc.ready, await oc.flush(), oc.health(), await oc.shutdown()]).toEqual([[], [], [], []]);
    await oc[Symbol.asyncDispose]();
    expect(called).toEqual([]);
  });

  it.each(['false', '', '1', 'yes'])('=%j does not', async (value) => {
    const telemetry = withEnvironment({ OTEL_SDK_DISABLED: value }, () => recorded());
    telemetry.oc.tracer.startSpan('x').end();
    expect((await onlySpan(telemetry)).name).toBe('x');
  });
});
