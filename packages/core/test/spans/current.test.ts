import { setTimeout as sleep } from 'node:timers/promises';
import type { Span } from '@oc/core';
import { describe, expect, it } from 'vitest';
import { onlySpan, recorded } from './recorded.ts';

describe('tracer.span', () => {
  it('answers with what its function returns, ends the span, and leaves no current one', async () => {
    const telemetry = recorded();
    const { tracer } = telemetry.oc;
    const result = { a: 1 };
    const returned = tracer.span('x', (span) => {
      expect(tracer.current()).toBe(span);
      expect(span.recording).toBe(true);
      return result;
    });
    expect(returned).toBe(result);
    expect(tracer.current()).toBeUndefined();
    const { name, status, annotations } = await onlySpan(telemetry);
    expect({ name, status, annotations }).toEqual({ name: 'x', status: { code: 0 }, annotations: [] });
  });

  it('takes options, also undefined ones', async () => {
    const telemetry = recorded();
    telemetry.oc.tracer.span('x', { kind: 'server', attributes: { a: 1 } }, () => {});
    telemetry.oc.tracer.span('y', undefined as never, () => {});
    expect((await telemetry.spans()).map(({ name, kind, attributes }) => ({ name, kind, attributes }))).toEqual([
      { name: 'x', kind: 'server', attributes: { a: 1 } },
      { name: 'y', kind: 'unspecified', attributes: {} },
    ]);
  });

  it('ends when the promise settles, not before', async () => {
    const telemetry = recorded();
    let finish = (_value: string): void => {};
    let made: Span | undefined;
    const returned = telemetry.oc.tracer.span('x', (span) => {
      made = span;
      return new Promise<string>((resolve) => {
        finish = resolve;
      });
    });
    await Promise.resolve();
    expect(made?.recording).toBe(true);
    finish('done');
    expect(await returned).toBe('done');
    expect(made?.recording).toBe(false);
    expect((await onlySpan(telemetry)).status).toEqual({ code: 0 });
  });

  it('gives a thrown error to the caller itself, recorded, with status UNKNOWN', async () => {
    const telemetry = recorded();
    const error = new TypeError('no card');
    let caught: unknown;
    try {
      telemetry.oc.tracer.span('x', () => {
        throw error;
      });
    } catch (thrown) {
      caught = thrown;
    }
    expect(caught).toBe(error);
    const { status, annotations } = await onlySpan(telemetry);
    expect({ status, annotations }).toEqual({
      status: { code: 2, message: 'no card' },
      annotations: [
        {
          time: expect.any(Number),
          description: 'exception',
          attributes: {
            'exception.type': 'TypeError',
            'exception.message': 'no card',
            'exception.stacktrace': error.stack,
          },
        },
      ],
    });
  });

  it('gives a rejection to the caller itself, recorded, with status UNKNOWN', async () => {
    const telemetry = recorded();
    const error = new Error('late');
    const returned = telemetry.oc.tracer.span('x', async () => {
      await sleep(1);
      throw error;
    });
    await expect(returned).rejects.toBe(error);
    const { status, annotations } = await onlySpan(telemetry);
    expect([status, annotations.map(({ description }) => description)]).toEqual([
      { code: 2, message: 'late' },
      ['exception'],
    ]);
  });

  it.each(['NOT_FOUND', 'OK'] as const)('leaves status %s that was set before the throw', async (code) => {
    const telemetry = recorded();
    expect(() =>
      telemetry.oc.tracer.span('x', (span) => {
        span.setStatus(code, 'mine');
        throw new Error('other');
      }),
    ).toThrow('other');
    expect((await onlySpan(telemetry)).status).toEqual({ code: code === 'OK' ? 0 : 5, message: 'mine' });
  });

  it.each([
    ['a string', 'boom', { code: 2, message: 'boom' }],
    ['undefined', undefined, { code: 2 }],
    ['null', null, { code: 2 }],
    ['a frozen error', Object.freeze(new Error('cold')), { code: 2, message: 'cold' }],
  ])('passes on %s that is thrown, unchanged', async (_, thrown, status) => {
    const telemetry = recorded();
    const outcomes: unknown[] = [];
    try {
      telemetry.oc.tracer.span('x', () => {
        throw thrown;
      });
    } catch (caught) {
      outcomes.push(caught);
    }
    await telemetry.oc.tracer
      .span('y', () => Promise.reject(thrown))
      .catch((caught: unknown) => {
        outcomes.push(caught);
      });
    expect(outcomes).toEqual([thrown, thrown]);
    expect(outcomes[0]).toBe(thrown);
    expect(outcomes[1]).toBe(thrown);
    expect((await telemetry.spans()).map((span) => span.status)).toEqual([status, status]);
  });

  it('hands on a revoked proxy that the function returns', async () => {
    const telemetry = recorded();
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(telemetry.oc.tracer.span('x', () => proxy)).toBe(proxy);
    expect((await onlySpan(telemetry)).name).toBe('x');
  });

  it('hands on an object whose `then` cannot be read', async () => {
    const telemetry = recorded();
    const odd = Object.defineProperty({}, 'then', {
      get() {
        throw new Error('not for you');
      },
    });
    expect(telemetry.oc.tracer.span('x', () => odd)).toBe(odd);
    expect((await onlySpan(telemetry)).name).toBe('x');
  });

  it('ends its span when a thenable throws instead of promising', async () => {
    const telemetry = recorded();
    const error = new Error('no promise');
    const broken = Object.defineProperty({}, 'then', {
      value() {
        throw error;
      },
    }) as PromiseLike<void>;
    await expect((async () => telemetry.oc.tracer.span('x', () => broken))()).rejects.toBe(error);
    expect((await onlySpan(telemetry)).status.code).toBe(2);
  });

  it('waits for a thenable that is no Promise', async () => {
    const telemetry = recorded();
    let made: Span | undefined;
    const thenable: PromiseLike<number> = {
      // biome-ignore lint/suspicious/noThenProperty: that is the point
      then: (onFulfilled, onRejected) => sleep(1, 7).then(onFulfilled, onRejected),
    };
    const returned = telemetry.oc.tracer.span('x', (span) => {
      made = span;
      return thenable;
    });
    expect(made?.recording).toBe(true);
    expect(await returned).toBe(7);
    expect(made?.recording).toBe(false);
  });

  it('may end its span itself, once', async () => {
    const telemetry = recorded();
    telemetry.oc.tracer.span('x', (span) => span.end());
    expect(() =>
      telemetry.oc.tracer.span('y', (span) => {
        span.end();
        throw new Error('after the end');
      }),
    ).toThrow('after the end');
    expect(
      (await telemetry.spans()).map(({ name, status, annotations }) => [name, status, annotations.length]),
    ).toEqual([
      ['x', { code: 0 }, 0],
      ['y', { code: 0 }, 0],
    ]);
  });
});

describe('the current span', () => {
  it('is there across awaits, timers, microtasks and callbacks', async () => {
    const { tracer } = recorded().oc;
    await tracer.span('outer', async (outer) => {
      await sleep(1);
      expect(tracer.current()).toBe(outer);
      await new Promise<void>((resolve) => setImmediate(resolve));
      expect(tracer.current()).toBe(outer);
      expect(await new Promise((resolve) => setTimeout(() => resolve(tracer.current()), 1))).toBe(outer);
      expect(await new Promise((resolve) => queueMicrotask(() => resolve(tracer.current())))).toBe(outer);
      expect(await new Promise((resolve) => process.nextTick(() => resolve(tracer.current())))).toBe(outer);
    });
    expect(tracer.current()).toBeUndefined();
  });

  it('is each its own in parallel work', async () => {
    const telemetry = recorded();
    const { tracer } = telemetry.oc;
    await tracer.span('all', async (all) => {
      await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          tracer.span(`part ${i}`, async (part) => {
            for (let turn = 0; turn < 5; turn++) {
              await sleep((i * 7 + turn) % 3);
              expect(tracer.current()).toBe(part);
              await tracer.span(`step ${i}`, async (step) => {
                await sleep(1);
                expect(tracer.current()).toBe(step);
              });
            }
          }),
        ),
      );
      expect(tracer.current()).toBe(all);
    });
    const spans = await telemetry.spans();
    const parts = new Map(spans.filter(({ name }) => name.startsWith('part')).map((span) => [span.name, span.spanId]));
    const steps = spans.filter(({ name }) => name.startsWith('step'));
    expect(steps).toHaveLength(100);
    expect(steps.filter(({ name, parentSpanId }) => parts.get(name.replace('step', 'part')) !== parentSpanId)).toEqual(
      [],
    );
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  });

  it('is set by withSpan for its function only, which may throw, and ends nothing', async () => {
    const telemetry = recorded();
    const { tracer } = telemetry.oc;
    const span = tracer.startSpan('x');
    expect(tracer.current()).toBeUndefined();
    expect(tracer.withSpan(span, () => tracer.current())).toBe(span);
    expect(await tracer.withSpan(span, async () => sleep(1).then(() => tracer.current()))).toBe(span);
    const inner = tracer.startSpan('y');
    tracer.withSpan(span, () => {
      expect(tracer.withSpan(inner, () => tracer.current())).toBe(inner);
      expect(tracer.current()).toBe(span);
    });
    const error = new Error('through');
    expect(() =>
      tracer.withSpan(span, () => {
        throw error;
      }),
    ).toThrow(error);
    expect(tracer.current()).toBeUndefined();
    expect(span.recording).toBe(true);
    expect(await telemetry.spans()).toEqual([]);
  });

  it('may be an ended one: its children are still its children', async () => {
    const telemetry = recorded();
    const { tracer } = telemetry.oc;
    const parent = tracer.startSpan('parent');
    parent.end();
    const child = tracer.startSpan('child', { parent });
    expect(child.recording).toBe(true);
    child.end();
    expect((await telemetry.spans())[1]?.parentSpanId).toBe(parent.context.spanId);
  });

  it('ends without its children', async () => {
    const telemetry = recorded();
    const { tracer } = telemetry.oc;
    const parent = tracer.startSpan('parent');
    const child = tracer.startSpan('child', { parent });
    parent.end();
    expect(child.recording).toBe(true);
    expect((await telemetry.spans()).map(({ name }) => name)).toEqual(['parent']);
  });

  it('is one that records nothing when the span is not sampled', () => {
    const { tracer } = recorded({ sampler: { description: 'no', sample: () => false } }).oc;
    tracer.span('x', (span) => {
      expect(tracer.current()).toBe(span);
      expect(tracer.startSpan('y').context.traceId).toBe(span.context.traceId);
    });
  });
});
