import { alwaysSample, lastValue, measure, type Span, type Tracer, view } from '@oc/core';
import type { Exporter } from '@oc/core/exporter';
import { afterEach, describe, expect, it } from 'vitest';
import { onlySpan, recorded } from './recorded.ts';

const OTEL_API = Symbol.for('opentelemetry.js.api.1');

/** Everything that a client inside an exporter may do to make spans. */
async function makeSpans(tracer: Tracer, sampledSpan: Span): Promise<(Span | undefined)[]> {
  const always = { sampler: alwaysSample() };
  const made: (Span | undefined)[] = [
    tracer.startSpan('plain'),
    tracer.startSpan('root', { parent: null }),
    tracer.startSpan('with sampler', always),
    tracer.startSpan('root with sampler', { parent: null, ...always }),
    tracer.startSpan('below sampled', { parent: sampledSpan }),
    tracer.startSpan('below remote', { parent: { ...sampledSpan.context, remote: true } }),
    tracer.scoped('http').startSpan('scoped', { parent: sampledSpan.context }),
    tracer.span('outer', (outer) => tracer.startSpan('inner', { parent: outer, ...always })),
    tracer.span('outer', () => tracer.startSpan('root inside', { parent: null })),
    tracer.span('outer', () => tracer.span('inner', { parent: null, ...always }, (inner) => inner)),
    tracer.withSpan(sampledSpan, () => tracer.startSpan('below made current')),
    tracer.withSpan(sampledSpan, () => tracer.startSpan('root below made current', { parent: null })),
    await tracer.span('async', async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return tracer.startSpan('after an await', { parent: null });
    }),
  ];
  for (const span of made) span?.end();
  return made;
}

describe('inside the calls of an exporter', () => {
  it('nothing is traced, however it is asked for: no span goes round', async () => {
    const exported: string[] = [];
    const inside: boolean[] = [];
    const currents: unknown[] = [];
    let outer: Span | undefined;
    let tracer: Tracer | undefined;
    const exporter: Exporter = {
      name: 'traced client',
      async exportSpans(spans) {
        exported.push(...spans.map(({ name }) => name));
        currents.push(tracer?.current());
        if (!tracer || !outer) throw new Error('too early');
        for (const span of await makeSpans(tracer, outer)) inside.push(span?.context.sampled ?? true);
        await new Promise((resolve) => setTimeout(resolve, 1));
        currents.push(tracer.current());
      },
    };
    const { oc } = recorded({ exporters: [exporter] });
    tracer = oc.tracer;
    outer = tracer.startSpan('the only one');
    outer.end();
    await oc.flush();
    await oc.flush();
    expect(exported).toEqual(['the only one']);
    expect(inside).toEqual(Array(13).fill(false));
    expect(currents).toEqual([undefined, undefined]);
  });

  it('so it is in start, exportMetrics and close', async () => {
    const temperature = measure({ name: 'temperature' });
    const seen: Record<string, boolean> = {};
    let tracer: Tracer | undefined;
    const sampled = recorded().oc.tracer.startSpan('sampled');
    const look = async (where: string) => {
      await Promise.resolve();
      if (tracer) seen[where] = (await makeSpans(tracer, sampled)).some((span) => span?.context.sampled);
    };
    const telemetry = recorded({
      exporters: [
        {
          name: 'all of it',
          start: () => look('start'),
          exportMetrics: () => look('exportMetrics'),
          close: () => look('close'),
        },
      ],
      views: [view({ measure: temperature, aggregation: lastValue() })],
    });
    tracer = telemetry.oc.tracer;
    telemetry.oc.stats.record([[temperature, 21]]);
    await telemetry.oc.ready;
    await telemetry.oc.shutdown();
    expect(seen).toEqual({ start: false, exportMetrics: false, close: false });
  });

  it('functions still run, with the spans they are given, and their errors still come out', async () => {
    const outcomes: unknown[] = [];
    let tracer: Tracer | undefined;
    const error = new Error('mine');
    const { oc } = recorded({
      exporters: [
        {
          name: 'runs',
          async exportSpans() {
            if (!tracer) return;
            outcomes.push(tracer.span('x', (span) => span.setAttribute('a', 1).recording));
            outcomes.push(tracer.withSpan(tracer.startSpan('y'), () => 'ran'));
            try {
              tracer.span('z', () => {
                throw error;
              });
            } catch (caught) {
              outcomes.push(caught);
            }
          },
        },
      ],
    });
    tracer = oc.tracer;
    tracer.startSpan('go').end();
    await oc.flush();
    expect(outcomes).toEqual([false, 'ran', error]);
  });

  it('the application outside is traced as ever', async () => {
    let release = (): void => {};
    let entered = (): void => {};
    const inCall = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const names: string[] = [];
    const { oc } = recorded({
      exporters: [
        {
          name: 'slow',
          exportSpans(spans) {
            names.push(...spans.map(({ name }) => name));
            entered();
            return new Promise<void>((resolve) => {
              release = resolve;
            });
          },
        },
      ],
    });
    oc.tracer.startSpan('first').end();
    const flushing = oc.flush();
    await inCall;
    const second = oc.tracer.startSpan('second');
    expect(second.context.sampled).toBe(true);
    second.end();
    release();
    const again = oc.flush();
    await flushing;
    await new Promise((resolve) => setImmediate(resolve));
    release();
    await again;
    expect(names).toEqual(['first', 'second']);
  });
});

describe("OpenTelemetry's instrumentations", () => {
  const globals = globalThis as unknown as Record<symbol, unknown>;
  afterEach(() => {
    delete globals[OTEL_API];
  });

  /** The part of its API that the process holds under a well-known symbol: a context manager and its contexts. */
  function otelApi() {
    class Context {
      readonly values: ReadonlyMap<symbol, unknown>;
      constructor(values: ReadonlyMap<symbol, unknown>) {
        this.values = values;
      }
      getValue(key: symbol): unknown {
        return this.values.get(key);
      }
      setValue(key: symbol, value: unknown): Context {
        return new Context(new Map([...this.values, [key, value]]));
      }
      deleteValue(key: symbol): Context {
        return new Context(new Map([...this.values].filter(([each]) => each !== key)));
      }
    }
    const stack = [new Context(new Map([[Symbol.for('user'), 'u42']]))];
    const context = {
      active: () => stack.at(-1) as Context,
      with<A extends unknown[], R>(within: Context, fn: (...given: A) => R, thisArg?: unknown, ...given: A): R {
        stack.push(within);
        try {
          return fn.apply(thisArg, given);
        } finally {
          stack.pop();
        }
      },
      bind: <T>(_: Context, target: T): T => target,
      enable: () => context,
      disable: () => context,
    };
    return { version: '1.9.0', context };
  }

  it('see its suppress key during a call, beside what its context held, and not after it', async () => {
    const api = otelApi();
    globals[OTEL_API] = api;
    const key = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
    const read = () => [api.context.active().getValue(key), api.context.active().getValue(Symbol.for('user'))];
    const seen: unknown[] = [];
    const { oc } = recorded({
      exporters: [
        {
          name: 'instrumented',
          async exportSpans() {
            seen.push(read());
          },
        },
      ],
    });
    oc.tracer.startSpan('x').end();
    await oc.flush();
    expect([seen, read()]).toEqual([[[true, 'u42']], [undefined, 'u42']]);
  });

  it('may be there without a context manager', async () => {
    globals[OTEL_API] = { version: '1.9.0', diag: {} };
    const telemetry = recorded();
    telemetry.oc.tracer.startSpan('x').end();
    expect((await onlySpan(telemetry)).name).toBe('x');
  });
});
