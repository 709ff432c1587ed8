import type { Span, SpanContext, StatusCode } from '@oc/core';
import { STATUS_CODES } from '@oc/core/exporter';
import { describe, expect, it } from 'vitest';
import { FakeClock, NEW_YEAR } from './fake-clock.ts';
import { onlySpan, type Recorded, recorded } from './recorded.ts';

const TARGET: SpanContext = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), sampled: true };

/** What one span of a new telemetry is exported as. */
async function after(act: (span: Span) => void, telemetry: Recorded = recorded()) {
  const span = telemetry.oc.tracer.startSpan('x');
  act(span);
  span.end();
  return onlySpan(telemetry);
}

describe('annotate', () => {
  it('keeps order, time and attributes', async () => {
    const clock = new FakeClock();
    const { annotations } = await after((span) => {
      span.annotate('one');
      clock.pass(0.25);
      span.annotate('two', { a: 1, list: ['x'] });
      span.annotate('');
    }, recorded({ clock }));
    expect(annotations).toEqual([
      { time: NEW_YEAR * 1_000, description: 'one', attributes: {} },
      { time: NEW_YEAR * 1_000 + 250, description: 'two', attributes: { a: 1, list: ['x'] } },
      { time: NEW_YEAR * 1_000 + 250, description: '', attributes: {} },
    ]);
  });
});

describe('recordError', () => {
  class CardError extends Error {
    override readonly name = 'CardError';
  }
  const error = new Error('plain');
  const subclass = new CardError('declined');
  const frozen = Object.freeze(new RangeError('cold'));

  it.each([
    ['an Error', error, { type: 'Error', message: 'plain', stack: error.stack }],
    ['a subclass', subclass, { type: 'CardError', message: 'declined', stack: subclass.stack }],
    ['a frozen error', frozen, { type: 'RangeError', message: 'cold', stack: frozen.stack }],
    ['an error of nothing', new Error(''), { type: 'Error', message: '', stack: expect.any(String) }],
    ['an object like an error', { name: 'E', message: 'm', stack: 's' }, { type: 'E', message: 'm', stack: 's' }],
  ])('of %s is an annotation `exception`, and leaves the status', async (_, thrown, { type, message, stack }) => {
    const { status, annotations, dropped } = await after((span) => span.recordError(thrown));
    expect({ status, annotations, dropped }).toEqual({
      status: { code: 0 },
      annotations: [
        {
          time: expect.any(Number),
          description: 'exception',
          attributes: { 'exception.type': type, 'exception.message': message, 'exception.stacktrace': stack },
        },
      ],
      dropped: { attributes: 0, annotations: 0, messageEvents: 0, links: 0 },
    });
  });

  it('of a string has the string as its message', async () => {
    const { annotations } = await after((span) => span.recordError('boom'));
    expect(annotations).toMatchObject([{ description: 'exception', attributes: { 'exception.message': 'boom' } }]);
  });

  const throwing = (): never => {
    throw new Error('not for you');
  };
  it.each<[string, () => unknown]>([
    ['undefined', () => undefined],
    ['null', () => null],
    ['a number', () => 5],
    ['a symbol', () => Symbol('s')],
    ['a function', () => () => {}],
    ['an empty object', () => ({})],
    ['an object without a prototype', () => Object.create(null)],
    [
      'a revoked proxy',
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      },
    ],
    [
      'an error whose members throw',
      () =>
        // The stack first: it is written from the others when it is first touched.
        Object.defineProperties(new Error('x'), {
          stack: { get: throwing },
          name: { get: throwing },
          message: { get: throwing },
        }),
    ],
    ['an error whose members are no strings', () => Object.assign(new Error('x'), { name: 5, message: {}, stack: [] })],
  ])('of %s is an annotation of strings too', async (_, thrown) => {
    const { annotations } = await after((span) => span.recordError(thrown()));
    expect(annotations.map(({ description }) => description)).toEqual(['exception']);
    for (const [key, value] of Object.entries(annotations[0]?.attributes ?? {})) {
      expect(['exception.type', 'exception.message', 'exception.stacktrace']).toContain(key);
      expect(typeof value).toBe('string');
    }
  });
});

describe('messageEvent', () => {
  it('keeps types, ids and sizes', async () => {
    const { messageEvents } = await after((span) =>
      span
        .messageEvent({ type: 'sent', id: 1, uncompressedBytes: 0, compressedBytes: 0 })
        .messageEvent({ type: 'received', id: 2, uncompressedBytes: 5 })
        .messageEvent({ type: 'received', id: 2 ** 53 - 1, compressedBytes: undefined }),
    );
    expect(messageEvents).toEqual([
      { time: expect.any(Number), type: 'sent', id: 1, uncompressedBytes: 0, compressedBytes: 0 },
      { time: expect.any(Number), type: 'received', id: 2, uncompressedBytes: 5 },
      { time: expect.any(Number), type: 'received', id: 2 ** 53 - 1 },
    ]);
  });

  it.each<[string, () => unknown]>([
    ['nothing', () => undefined],
    ['null', () => null],
    [
      'a revoked proxy',
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      },
    ],
  ])('of %s is dropped and counted: no event is made up', async (_, make) => {
    const { messageEvents, dropped } = await after((span) => span.messageEvent(make() as never));
    expect([messageEvents, dropped.messageEvents]).toEqual([[], 1]);
  });

  it('takes a snapshot', async () => {
    const event = { type: 'sent' as const, id: 1, uncompressedBytes: 3 };
    const { messageEvents } = await after((span) => {
      span.messageEvent(event);
      event.id = 9;
      event.uncompressedBytes = 9;
    });
    expect(messageEvents).toMatchObject([{ id: 1, uncompressedBytes: 3 }]);
  });
});

describe('link', () => {
  it('has its type, by default unspecified, and its attributes', async () => {
    const { links } = await after((span) =>
      span
        .link(TARGET)
        .link(TARGET, 'child')
        .link({ ...TARGET, traceState: 'a=b', remote: true }, 'parent', { why: 'batch', n: 2 }),
    );
    const ids = { traceId: TARGET.traceId, spanId: TARGET.spanId };
    expect(links).toEqual([
      { ...ids, type: 'unspecified', attributes: {} },
      { ...ids, type: 'child', attributes: {} },
      { ...ids, type: 'parent', traceState: 'a=b', attributes: { why: 'batch', n: 2 } },
    ]);
  });

  it.each([
    ['a zero trace id', { ...TARGET, traceId: '0'.repeat(32) }],
    ['a zero span id', { ...TARGET, spanId: '0'.repeat(16) }],
    ['a short span id', { ...TARGET, spanId: '2' }],
    ['no ids', {}],
    ['nothing', undefined],
  ])('to %s is dropped and counted', async (_, context) => {
    const { links, dropped } = await after((span) => span.link(context as SpanContext));
    expect({ links, dropped }).toEqual({
      links: [],
      dropped: { attributes: 0, annotations: 0, messageEvents: 0, links: 1 },
    });
  });

  it('to upper-case ids is kept in lower case', async () => {
    const { links } = await after((span) => span.link({ ...TARGET, traceId: 'AB'.repeat(16) }));
    expect(links.map(({ traceId }) => traceId)).toEqual(['ab'.repeat(16)]);
  });

  it('given with the options obeys the same rules', async () => {
    const telemetry = recorded();
    const links = [{ context: TARGET, type: 'child' as const, attributes: { a: 1 } }, { context: {} as SpanContext }];
    telemetry.oc.tracer.startSpan('x', { links }).end();
    const span = await onlySpan(telemetry);
    expect([span.links, span.dropped.links]).toEqual([
      [{ traceId: TARGET.traceId, spanId: TARGET.spanId, type: 'child', attributes: { a: 1 } }],
      1,
    ]);
  });
});

describe('the status', () => {
  it('has the number of each canonical name', async () => {
    const telemetry = recorded();
    for (const code of STATUS_CODES) telemetry.oc.tracer.startSpan(code).setStatus(code).end();
    expect((await telemetry.spans()).map(({ name, status }) => [name, status])).toEqual([
      ['OK', { code: 0 }],
      ['CANCELLED', { code: 1 }],
      ['UNKNOWN', { code: 2 }],
      ['INVALID_ARGUMENT', { code: 3 }],
      ['DEADLINE_EXCEEDED', { code: 4 }],
      ['NOT_FOUND', { code: 5 }],
      ['ALREADY_EXISTS', { code: 6 }],
      ['PERMISSION_DENIED', { code: 7 }],
      ['RESOURCE_EXHAUSTED', { code: 8 }],
      ['FAILED_PRECONDITION', { code: 9 }],
      ['ABORTED', { code: 10 }],
      ['OUT_OF_RANGE', { code: 11 }],
      ['UNIMPLEMENTED', { code: 12 }],
      ['INTERNAL', { code: 13 }],
      ['UNAVAILABLE', { code: 14 }],
      ['DATA_LOSS', { code: 15 }],
      ['UNAUTHENTICATED', { code: 16 }],
    ]);
  });

  it('is the last that was set, its message too', async () => {
    expect((await after((span) => span.setStatus('NOT_FOUND', 'a').setStatus('INTERNAL', 'b'))).status).toEqual({
      code: 13,
      message: 'b',
    });
    expect((await after((span) => span.setStatus('NOT_FOUND', 'a').setStatus('OK'))).status).toEqual({ code: 0 });
    expect((await after((span) => span.setStatus('OK', ''))).status).toEqual({ code: 0, message: '' });
  });

  it.each(['not_found', 5, undefined, {}, 'constructor', '0'])('%j is no canonical name, so not OK', async (code) => {
    expect((await after((span) => span.setStatus(code as StatusCode))).status).toEqual({ code: 2 });
  });
});

describe('setName', () => {
  it('replaces the name', async () => {
    expect((await after((span) => span.setName('y').setName('z'))).name).toBe('z');
  });
});

describe('after its end', () => {
  it('a span ignores every change, and a second end', async () => {
    const clock = new FakeClock();
    const telemetry = recorded({ clock });
    const span = telemetry.oc.tracer.startSpan('x', { attributes: { a: 1 } });
    clock.pass(1);
    span.end();
    expect(span.recording).toBe(false);
    clock.pass(1);
    const chained = span
      .setAttribute('a', 2)
      .setAttributes({ b: 3 })
      .annotate('late')
      .recordError(new Error('late'))
      .messageEvent({ type: 'sent', id: 1 })
      .link(TARGET)
      .link({} as SpanContext)
      .setStatus('INTERNAL')
      .setName('y');
    expect(chained).toBe(span);
    span.end();
    span.end(NEW_YEAR + 50);
    const late = (await telemetry.spans()).map((data) => JSON.parse(JSON.stringify(data)));
    expect(late).toEqual([
      {
        ...span.context,
        sampled: undefined,
        remoteParent: false,
        name: 'x',
        kind: 'unspecified',
        start: NEW_YEAR * 1_000,
        end: NEW_YEAR * 1_000 + 1_000,
        status: { code: 0 },
        attributes: { a: 1 },
        annotations: [],
        messageEvents: [],
        links: [],
        dropped: { attributes: 0, annotations: 0, messageEvents: 0, links: 0 },
        childCount: 0,
      },
    ]);
  });

  it('what exporters hold does not change when the caller changes what it gave', async () => {
    const telemetry = recorded();
    const list = ['a', 'b'];
    const numbers = [1, 2];
    const nested = { deep: { x: 1 } };
    const attributes: Record<string, unknown> = { list, nested, plain: 'p' };
    const note: Record<string, unknown> = { numbers };
    const context = { ...TARGET };
    const links = [{ context, attributes: { list } }];
    const span = telemetry.oc.tracer.startSpan('x', { attributes, links });
    span.annotate('note', note).link(context, 'child', note);
    span.end();
    list.push('c');
    list[0] = 'z';
    numbers.length = 0;
    nested.deep.x = 2;
    attributes.plain = 'q';
    attributes.more = 1;
    note.numbers = 'gone';
    context.traceId = '9'.repeat(32);
    links.length = 0;
    const data = await onlySpan(telemetry);
    expect([data.attributes, data.annotations[0]?.attributes, data.links]).toEqual([
      { list: ['a', 'b'], nested: '{"deep":{"x":1}}', plain: 'p' },
      { numbers: [1, 2] },
      [
        { traceId: TARGET.traceId, spanId: TARGET.spanId, type: 'unspecified', attributes: { list: ['a', 'b'] } },
        { traceId: TARGET.traceId, spanId: TARGET.spanId, type: 'child', attributes: { numbers: [1, 2] } },
      ],
    ]);
  });
});
