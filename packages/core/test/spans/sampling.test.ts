import {
  alwaysSample,
  ConfigError,
  neverSample,
  probability,
  rateLimited,
  type Sampler,
  type Span,
  type SpanContext,
} from '@oc/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { onlySpan, recorded, withEnvironment } from './recorded.ts';

const VECTOR = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';
const root = (traceId: string) => ({ traceId, name: 'x', kind: 'unspecified' as const, attributes: {} });
const yes: Sampler = { description: 'yes', sample: () => true };
const no: Sampler = { description: 'no', sample: () => false };

function randomTraceId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex');
}

describe('probability', () => {
  it('decides by the last eight bytes of the trace id, halved, against p * 2^63', () => {
    expect(probability(0.25).sample(root(VECTOR))).toBe(true);
    const share = Number(1485384882275174344n) / 2 ** 63;
    expect(probability(share + 1e-9).sample(root(VECTOR))).toBe(true);
    expect(probability(share - 1e-9).sample(root(VECTOR))).toBe(false);
  });

  it('agrees with that rule in BigInt arithmetic on any id and any p', () => {
    const p = fc.oneof(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom(0, 1, 0.5, 0.25, 1e-10, Number.MIN_VALUE, 1 - 2 ** -53),
    );
    const low = fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.constantFrom(0n, 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 32n, 2n ** 31n, 2n ** 62n - 1n),
    );
    fc.assert(
      fc.property(p, low, (chance, bits) => {
        const traceId = `${'f'.repeat(16)}${bits.toString(16).padStart(16, '0')}`;
        const expected = bits >> 1n < BigInt(Math.floor(chance * 2 ** 63));
        expect(probability(chance).sample(root(traceId))).toBe(expected);
      }),
      { numRuns: 1_000 },
    );
  });

  it('decides exactly at its bound', () => {
    for (const chance of [0.5, 0.25, 0.1, 2 ** -31, 2 ** -32, 2 ** -40, 2 ** -63]) {
      const bound = BigInt(Math.floor(chance * 2 ** 63));
      const at = (half: bigint) => root(`${'0'.repeat(16)}${(half * 2n + 1n).toString(16).padStart(16, '0')}`);
      expect([probability(chance).sample(at(bound - 1n)), probability(chance).sample(at(bound))]).toEqual([
        true,
        false,
      ]);
    }
  });

  it.each([0.001, 0.1, 0.25, 0.5, 0.9])('%d samples that share of 100,000 random ids, within 4 sigma', (p) => {
    const n = 100_000;
    const sampler = probability(p);
    let ofIds = 0;
    for (let i = 0; i < n; i++) if (sampler.sample(root(randomTraceId()))) ofIds++;
    const { tracer } = recorded({ sampler }).oc;
    let ofSpans = 0;
    for (let i = 0; i < n; i++) if (tracer.startSpan('x').context.sampled) ofSpans++;
    const sigma = Math.sqrt(n * p * (1 - p));
    for (const sampled of [ofIds, ofSpans]) expect(Math.abs(sampled - n * p)).toBeLessThan(4 * sigma);
  });

  it('decides the same for a span as for its trace id', () => {
    const sampler = probability(0.3);
    const { tracer } = recorded({ sampler }).oc;
    for (let i = 0; i < 2_000; i++) {
      const { traceId, sampled } = tracer.startSpan('x').context;
      expect(sampler.sample(root(traceId))).toBe(sampled);
    }
  });

  it('of 0 samples none and of 1 all', () => {
    for (const traceId of [`${'0'.repeat(31)}1`, 'f'.repeat(32), VECTOR]) {
      expect([probability(0).sample(root(traceId)), probability(1).sample(root(traceId))]).toEqual([false, true]);
    }
  });

  it.each([-0.1, 1.1, Number.NaN, Number.POSITIVE_INFINITY, '0.5', null, undefined, true, {}])(
    '%j is no probability',
    (p) => {
      expect(() => probability(p as number)).toThrow(ConfigError);
    },
  );
});

describe('rateLimited', () => {
  it('samples the first root, and of a burst about what the rate allows', () => {
    const { tracer } = recorded({ sampler: rateLimited(1_000) }).oc;
    const began = performance.now();
    const spans: boolean[] = [];
    while (performance.now() - began < 100) spans.push(tracer.startSpan('x').context.sampled);
    const sampled = spans.filter(Boolean).length;
    expect(spans[0]).toBe(true);
    expect(spans.length).toBeGreaterThan(1_000);
    expect(sampled).toBeGreaterThan(5);
    expect(sampled).toBeLessThan(300);
  });

  it('of a low rate samples one of a burst', () => {
    const sampler = rateLimited(0.001);
    const sampled = Array.from({ length: 10_000 }, () => sampler.sample(root(VECTOR))).filter(Boolean);
    expect(sampled.length).toBeGreaterThanOrEqual(1);
    expect(sampled.length).toBeLessThan(5);
  });

  it('of 0 samples none', () => {
    const sampler = rateLimited(0);
    expect(Array.from({ length: 100 }, () => sampler.sample(root(VECTOR))).some(Boolean)).toBe(false);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '5', null, undefined, true])('%j is no rate', (rate) => {
    expect(() => rateLimited(rate as number)).toThrow(ConfigError);
  });
});

describe('samplers', () => {
  it('have descriptions for people', () => {
    for (const sampler of [alwaysSample(), neverSample(), probability(0.1), rateLimited(5)]) {
      expect(sampler.description.length).toBeGreaterThan(0);
    }
    expect(probability(0.1).description).toContain('0.1');
    expect(rateLimited(5).description).toContain('5');
  });

  it('sample always and never', async () => {
    const always = recorded({ sampler: alwaysSample() });
    const never = recorded({ sampler: neverSample() });
    for (const { oc } of [always, never]) oc.tracer.span('x', () => oc.tracer.span('y', () => {}));
    expect([(await always.spans()).length, (await never.spans()).length]).toEqual([2, 0]);
  });

  it('of the user are asked once a root, with its id, name, kind and attributes', () => {
    const asked: unknown[] = [];
    const sampler: Sampler = {
      description: 'curious',
      sample(given) {
        asked.push(given);
        return true;
      },
    };
    const { tracer } = recorded({ sampler }).oc;
    const span = tracer.startSpan('charge', { kind: 'server', attributes: { route: '/pay' } });
    tracer.startSpan('child', { parent: span });
    tracer.startSpan('remote', { parent: { ...span.context, remote: true } });
    const bare = tracer.startSpan('bare');
    expect(asked).toEqual([
      { traceId: span.context.traceId, name: 'charge', kind: 'server', attributes: { route: '/pay' } },
      { traceId: bare.context.traceId, name: 'bare', kind: 'unspecified', attributes: {} },
    ]);
  });

  it('of the user may be objects of a class with methods of any name', async () => {
    class ByName implements Sampler {
      readonly description = 'by name';
      readonly #wanted = 'wanted';
      sample({ name }: { readonly name: string }): boolean {
        return this.decide(name);
      }
      decide(name: string): boolean {
        return name === this.#wanted;
      }
    }
    const telemetry = recorded({ sampler: new ByName() });
    for (const name of ['wanted', 'other', 'wanted']) telemetry.oc.tracer.startSpan(name).end();
    expect((await telemetry.spans()).map(({ name }) => name)).toEqual(['wanted', 'wanted']);
  });

  it('that throw or answer anything but true count as no', async () => {
    const answers: unknown[] = [undefined, null, 1, 'true', {}, Promise.resolve(true)];
    for (const answer of answers) {
      const telemetry = recorded({ sampler: { description: 'odd', sample: () => answer as boolean } });
      expect(telemetry.oc.tracer.startSpan('x').context.sampled).toBe(false);
    }
    const telemetry = recorded({
      sampler: {
        description: 'broken',
        sample() {
          throw new Error('broken sampler');
        },
      },
    });
    telemetry.oc.tracer.span('x', (span) => expect(span.context.sampled).toBe(false));
    expect(await telemetry.spans()).toEqual([]);
  });
});

describe("a parent's decision", () => {
  const context = (sampled: boolean, remote: boolean): SpanContext => ({
    traceId: VECTOR,
    spanId: '00f1e2d3c4b5a697',
    sampled,
    remote,
  });

  it.each([
    ['local', false],
    ['remote', true],
  ])('of a %s context is kept, whatever the sampler of roots says', async (_, remote) => {
    for (const sampled of [true, false]) {
      const telemetry = recorded({ sampler: sampled ? no : yes });
      const span = telemetry.oc.tracer.startSpan('x', { parent: context(sampled, remote) });
      const child = telemetry.oc.tracer.startSpan('y', { parent: span });
      expect([span.context.sampled, child.context.sampled]).toEqual([sampled, sampled]);
      expect([span.context.traceId, child.context.traceId]).toEqual([VECTOR, VECTOR]);
      child.end();
      span.end();
      expect((await telemetry.spans()).length).toBe(sampled ? 2 : 0);
    }
  });

  it('yields to a sampler that the span brings, for it and what is below', async () => {
    const telemetry = recorded();
    const { tracer } = telemetry.oc;
    const off = tracer.startSpan('off', { parent: context(true, true), sampler: no });
    const below = tracer.startSpan('below off', { parent: off });
    const on = tracer.startSpan('on', { parent: context(false, true), sampler: yes });
    const again = tracer.startSpan('on again', { parent: below, sampler: yes });
    const local = tracer.startSpan('off again', { parent: on, sampler: no });
    const made: Span[] = [off, below, on, again, local];
    expect(made.map((span) => span.context.sampled)).toEqual([false, false, true, true, false]);
    expect(new Set(made.map((span) => span.context.traceId))).toEqual(new Set([VECTOR]));
    for (const span of made) span.end();
    expect((await telemetry.spans()).map(({ name, parentSpanId }) => [name, parentSpanId])).toEqual([
      ['on', '00f1e2d3c4b5a697'],
      ['on again', below.context.spanId],
    ]);
  });

  it('is not asked for a root below a current span', () => {
    const { tracer } = recorded({ sampler: no }).oc;
    const sampled = tracer.startSpan('x', { sampler: yes });
    expect(tracer.withSpan(sampled, () => tracer.startSpan('root', { parent: null })).context.sampled).toBe(false);
  });
});

describe('an unsampled span', () => {
  it('has a valid context that does not change, and children of its trace with ids of their own', async () => {
    const telemetry = recorded({ sampler: neverSample() });
    const { tracer } = telemetry.oc;
    const span = tracer.startSpan('x');
    // Asked for before its parent's, a child's ids must fit all the same.
    const early = tracer.startSpan('early', { parent: span }).context;
    const first = { ...span.context };
    expect(first).toEqual({
      traceId: expect.stringMatching(/^(?!0+$)[0-9a-f]{32}$/),
      spanId: expect.stringMatching(/^(?!0+$)[0-9a-f]{16}$/),
      sampled: false,
    });
    span.setAttribute('a', 1).annotate('b').setName('c').setStatus('INTERNAL').recordError('d').end();
    expect(span.context).toEqual(first);
    const below = tracer.withSpan(span, () => tracer.startSpan('below').context);
    const deep = tracer.startSpan('deep', { parent: below }).context;
    const contexts = [first, early, below, deep];
    expect(new Set(contexts.map(({ traceId }) => traceId)).size).toBe(1);
    expect(new Set(contexts.map(({ spanId }) => spanId)).size).toBe(4);
    expect(contexts.map(({ sampled }) => sampled)).toEqual([false, false, false, false]);
    expect(await telemetry.spans()).toEqual([]);
  });

  it('carries the tracestate of its parent', () => {
    const { tracer } = recorded().oc;
    const parent = { traceId: VECTOR, spanId: '00f1e2d3c4b5a697', sampled: false, traceState: 'k=v', remote: true };
    const span = tracer.startSpan('x', { parent });
    expect([span.context.traceState, tracer.startSpan('y', { parent: span }).context.traceState]).toEqual([
      'k=v',
      'k=v',
    ]);
  });

  it('records nothing, wherever the decision came from', () => {
    const { tracer } = recorded().oc;
    const sampled = tracer.startSpan('sampled');
    const unsampled = tracer.startSpan('unsampled', { sampler: no });
    const made = [
      unsampled,
      tracer.startSpan('child of sampled', { parent: sampled, sampler: no }),
      tracer.startSpan('child of unsampled', { parent: unsampled }),
      tracer.startSpan('child of unsampled', { parent: unsampled, sampler: no }),
      tracer.startSpan('remote', { parent: { ...sampled.context, sampled: false, remote: true } }),
      tracer.startSpan('remote', { parent: { ...sampled.context, remote: true }, sampler: no }),
    ];
    expect(made.map(({ recording }) => recording)).toEqual([false, false, false, false, false, false]);
    expect(sampled.recording).toBe(true);
  });
});

describe('the sampler at run time', () => {
  it('is read and replaced through Source.sampling', async () => {
    const sampler = probability(0.5);
    const telemetry = recorded({ sampler });
    const { sampling } = telemetry.source;
    expect(sampling.read()).toBe(sampler);
    const never = neverSample();
    sampling.set(never);
    expect(sampling.read()).toBe(never);
    telemetry.oc.tracer.startSpan('no').end();
    telemetry.oc.tracer.scoped('lib').startSpan('no').end();
    sampling.set(yes);
    telemetry.oc.tracer.startSpan('yes').end();
    expect((await onlySpan(telemetry)).name).toBe('yes');
  });
});

describe('OTEL_TRACES_SAMPLER', () => {
  const variables = (name: string | undefined, argument: string | undefined) => ({
    OTEL_TRACES_SAMPLER: name,
    OTEL_TRACES_SAMPLER_ARG: argument,
  });
  /** The share of 2,000 roots that are sampled, to one digit, and the warnings. */
  function sampledShare(name: string | undefined, argument: string | undefined): [number, number] {
    const { oc, problems } = withEnvironment(variables(name, argument), () => recorded());
    const sampled = Array.from({ length: 2_000 }, () => oc.tracer.startSpan('x').context.sampled).filter(Boolean);
    expect(
      problems.every(({ severity, message }) => severity === 'warning' && /OTEL_TRACES_SAMPLER/.test(message)),
    ).toBe(true);
    return [Math.round((10 * sampled.length) / 2_000) / 10, problems.length];
  }

  it.each([
    [undefined, undefined, 1],
    ['', '', 1],
    ['  ', undefined, 1],
    ['always_on', undefined, 1],
    ['always_off', undefined, 0],
    ['traceidratio', '0', 0],
    ['traceidratio', '0.5', 0.5],
    ['traceidratio', ' 0.3 ', 0.3],
    ['traceidratio', '1', 1],
    ['traceidratio', undefined, 1],
    ['parentbased_always_on', undefined, 1],
    ['parentbased_always_off', undefined, 0],
    ['parentbased_traceidratio', '0.5', 0.5],
    ['always_on', 'not a number', 1],
    ['always_off', '0.5', 0],
  ])('%j with %j samples %d of all roots', (name, argument, share) => {
    expect(sampledShare(name, argument)).toEqual([share, 0]);
  });

  it.each([
    ['sometimes', undefined],
    ['constructor', undefined],
    ['toString', '0.5'],
    ['jaeger_remote', 'endpoint=http://localhost'],
    ['traceidratio', 'half'],
    ['traceidratio', '-0.1'],
    ['traceidratio', '1.5'],
    ['traceidratio', 'NaN'],
    ['traceidratio', 'Infinity'],
    ['parentbased_traceidratio', '1e9'],
  ])('%j with %j makes no sense: all are sampled, with one warning', (name, argument) => {
    expect(sampledShare(name, argument)).toEqual([1, 1]);
  });

  it('yields to a sampler in code, and is then not even read', () => {
    const { oc, problems } = withEnvironment(variables('nonsense', 'x'), () => recorded({ sampler: no }));
    expect([oc.tracer.startSpan('x').context.sampled, problems]).toEqual([false, []]);
  });
});
