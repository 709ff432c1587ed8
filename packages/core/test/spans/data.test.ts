import type { Span, SpanContext, SpanKind } from '@oc/core';
import type { SpanData } from '@oc/core/exporter';
import { describe, expect, it } from 'vitest';
import { FakeClock, NEW_YEAR } from './fake-clock.ts';
import { copyOf, onlySpan, recorded } from './recorded.ts';

const AT = NEW_YEAR * 1_000;
const REMOTE: SpanContext = {
  traceId: 'a1b2c3d4e5f60718293a4b5c6d7e8f90',
  spanId: '00f1e2d3c4b5a697',
  sampled: true,
  traceState: 'vendor=1,other=x',
  remote: true,
};
const EMPTY = {
  traceState: undefined,
  scope: undefined,
  status: { code: 0 },
  attributes: {},
  annotations: [],
  messageEvents: [],
  links: [],
  dropped: { attributes: 0, annotations: 0, messageEvents: 0, links: 0 },
  childCount: 0,
};

describe('a finished span', () => {
  it('of nothing but a name has every field', async () => {
    const clock = new FakeClock();
    const telemetry = recorded({ clock });
    const span = telemetry.oc.tracer.startSpan('charge');
    clock.pass(5);
    span.end();
    expect(await onlySpan(telemetry)).toEqual({
      ...EMPTY,
      traceId: span.context.traceId,
      spanId: span.context.spanId,
      parentSpanId: undefined,
      remoteParent: false,
      name: 'charge',
      kind: 'unspecified',
      start: AT,
      end: AT + 5_000,
    });
  });

  it('carries all that was said about it', async () => {
    const clock = new FakeClock();
    const telemetry = recorded({ clock });
    const other: SpanContext = { traceId: 'f'.repeat(32), spanId: '1'.repeat(16), sampled: false, traceState: 'k=v' };
    const span = telemetry.oc.tracer.scoped('pg', '8.1.0').startSpan('query', {
      parent: REMOTE,
      kind: 'client',
      attributes: { text: 'v', whole: 3, half: 0.5, yes: true, no: false, none: '', zero: 0, list: ['a', 'b'] },
      links: [{ context: other, type: 'parent', attributes: { why: 'batch' } }],
    });
    clock.pass(1);
    span.annotate('cache miss', { key: 'u42' });
    clock.pass(1);
    span.messageEvent({ type: 'sent', id: 1, uncompressedBytes: 512, compressedBytes: 100 });
    clock.pass(1);
    span.messageEvent({ type: 'received', id: 2 });
    span.link(REMOTE).setStatus('NOT_FOUND', 'no such user').setName('select').setAttribute('late', [1, 2]);
    telemetry.oc.tracer.startSpan('below', { parent: span });
    clock.pass(1);
    span.end();
    expect(await onlySpan(telemetry)).toEqual({
      traceId: REMOTE.traceId,
      spanId: span.context.spanId,
      parentSpanId: REMOTE.spanId,
      traceState: 'vendor=1,other=x',
      remoteParent: true,
      name: 'select',
      kind: 'client',
      start: AT,
      end: AT + 4_000,
      scope: { name: 'pg', version: '8.1.0' },
      status: { code: 5, message: 'no such user' },
      attributes: {
        text: 'v',
        whole: 3,
        half: 0.5,
        yes: true,
        no: false,
        none: '',
        zero: 0,
        list: ['a', 'b'],
        late: [1, 2],
      },
      annotations: [{ time: AT + 1_000, description: 'cache miss', attributes: { key: 'u42' } }],
      messageEvents: [
        { time: AT + 2_000, type: 'sent', id: 1, uncompressedBytes: 512, compressedBytes: 100 },
        { time: AT + 3_000, type: 'received', id: 2, uncompressedBytes: undefined, compressedBytes: undefined },
      ],
      links: [
        {
          traceId: other.traceId,
          spanId: other.spanId,
          type: 'parent',
          traceState: 'k=v',
          attributes: { why: 'batch' },
        },
        {
          traceId: REMOTE.traceId,
          spanId: REMOTE.spanId,
          type: 'unspecified',
          traceState: 'vendor=1,other=x',
          attributes: {},
        },
      ],
      dropped: { attributes: 0, annotations: 0, messageEvents: 0, links: 0 },
      childCount: 1,
    } satisfies SpanData);
  });

  it('survives JSON.stringify with every field', async () => {
    const texts: string[] = [];
    const copies: SpanData[] = [];
    const { oc } = recorded({
      exporters: [
        {
          name: 'json',
          async exportSpans(spans) {
            for (const span of spans) {
              texts.push(JSON.stringify(span));
              copies.push(copyOf(span));
            }
          },
        },
      ],
    });
    oc.tracer.span('outer', { attributes: { a: [1, 2] } }, (span) => {
      span.annotate('note').link(REMOTE).messageEvent({ type: 'sent', id: 1 });
      oc.tracer.span('inner', () => {});
    });
    await oc.flush();
    expect(texts.map((text) => JSON.parse(text))).toEqual(JSON.parse(JSON.stringify(copies)));
  });

  it('is the same object for two exporters that take spans, and none goes to one that takes metrics only', async () => {
    const seen: SpanData[][] = [[], []];
    const { oc } = recorded({
      exporters: [
        { name: 'one', exportSpans: async (spans) => void seen[0]?.push(...spans) },
        { name: 'other', exportSpans: async (spans) => void seen[1]?.push(...spans) },
        { name: 'metrics', exportMetrics: async () => {} },
      ],
    });
    oc.tracer.span('shared', () => {});
    await oc.flush();
    expect(seen[0]).toHaveLength(1);
    expect(seen[1]?.[0]).toBe(seen[0]?.[0]);
  });
});

describe('kinds', () => {
  it.each<SpanKind>(['unspecified', 'server', 'client', 'producer', 'consumer'])('%s is kept', async (kind) => {
    const telemetry = recorded();
    telemetry.oc.tracer.startSpan('x', { kind }).end();
    expect((await onlySpan(telemetry)).kind).toBe(kind);
  });

  it.each(['internal', 'SERVER', 'constructor', '__proto__', '', 3, null, {}])(
    '%j is none and becomes unspecified',
    async (kind) => {
      const telemetry = recorded();
      telemetry.oc.tracer.startSpan('x', { kind: kind as SpanKind }).end();
      expect((await onlySpan(telemetry)).kind).toBe('unspecified');
    },
  );
});

describe('ids', () => {
  it('of 20,000 spans are valid, and all different', () => {
    const { tracer } = recorded().oc;
    const traces = new Set<string>();
    const spans = new Set<string>();
    for (let i = 0; i < 10_000; i++) {
      const root = tracer.startSpan('root', { parent: null });
      const child = tracer.startSpan('child', { parent: root });
      expect(child.context.traceId).toBe(root.context.traceId);
      traces.add(root.context.traceId);
      spans.add(root.context.spanId).add(child.context.spanId);
    }
    expect([...traces].filter((id) => !/^(?!0+$)[0-9a-f]{32}$/.test(id))).toEqual([]);
    expect([...spans].filter((id) => !/^(?!0+$)[0-9a-f]{16}$/.test(id))).toEqual([]);
    expect([traces.size, spans.size]).toEqual([10_000, 20_000]);
  });

  it('do not change from one reading to the next, nor at the end', async () => {
    const telemetry = recorded();
    const span = telemetry.oc.tracer.startSpan('x');
    const first = { ...span.context };
    expect(span.context).toEqual(first);
    span.end();
    expect(span.context).toEqual(first);
    const { traceId, spanId } = await onlySpan(telemetry);
    expect({ traceId, spanId, sampled: true }).toEqual(first);
  });

  it('keep leading zeros', async () => {
    const telemetry = recorded();
    const parent: SpanContext = { traceId: `${'0'.repeat(31)}1`, spanId: `${'0'.repeat(15)}2`, sampled: true };
    telemetry.oc.tracer.startSpan('x', { parent }).end();
    const { traceId, parentSpanId } = await onlySpan(telemetry);
    expect({ traceId, parentSpanId }).toEqual({ traceId: parent.traceId, parentSpanId: parent.spanId });
  });

  it('keep parents whose halves are zero or have the highest bit', async () => {
    const telemetry = recorded();
    const spanIds = ['8000000000000000', '0000000080000000', 'ffffffff00000000', 'ffffffffffffffff'];
    for (const spanId of spanIds) {
      telemetry.oc.tracer.startSpan('x', { parent: { traceId: 'f'.repeat(32), spanId, sampled: true } }).end();
    }
    const got = await telemetry.spans();
    expect(got.map(({ traceId, parentSpanId }) => [traceId, parentSpanId])).toEqual(
      spanIds.map((spanId) => ['f'.repeat(32), spanId]),
    );
  });
});

describe('the parent', () => {
  it('is the current span unless another is given', async () => {
    const telemetry = recorded();
    const { tracer } = telemetry.oc;
    const elsewhere = tracer.startSpan('elsewhere', { parent: null });
    const outer = tracer.span('outer', (span) => {
      tracer.startSpan('below current').end();
      tracer.startSpan('below undefined', { parent: undefined }).end();
      tracer.startSpan('below elsewhere', { parent: elsewhere }).end();
      tracer.startSpan('root', { parent: null }).end();
      return span;
    });
    const spans = new Map((await telemetry.spans()).map((span) => [span.name, span]));
    const above = (name: string) => [spans.get(name)?.traceId, spans.get(name)?.parentSpanId];
    expect(above('below current')).toEqual([outer.context.traceId, outer.context.spanId]);
    expect(above('below undefined')).toEqual([outer.context.traceId, outer.context.spanId]);
    expect(above('below elsewhere')).toEqual([elsewhere.context.traceId, elsewhere.context.spanId]);
    expect(spans.get('root')?.parentSpanId).toBeUndefined();
    expect(spans.get('root')?.traceId).not.toBe(outer.context.traceId);
  });

  it('may be a span, its context or a remote context, and is remote only when it says so', async () => {
    const telemetry = recorded();
    const { tracer } = telemetry.oc;
    const local = tracer.startSpan('local', { parent: null });
    tracer.startSpan('span', { parent: local }).end();
    tracer.startSpan('context', { parent: local.context }).end();
    tracer.startSpan('remote', { parent: { ...local.context, remote: true } }).end();
    tracer.startSpan('not remote', { parent: { ...local.context, remote: false } }).end();
    tracer.startSpan('truthy', { parent: { ...local.context, remote: 'yes' as never } }).end();
    const above = { traceId: local.context.traceId, parentSpanId: local.context.spanId };
    expect(
      (await telemetry.spans()).map(({ name, traceId, parentSpanId, remoteParent }) => ({
        name,
        traceId,
        parentSpanId,
        remoteParent,
      })),
    ).toEqual([
      { name: 'span', ...above, remoteParent: false },
      { name: 'context', ...above, remoteParent: false },
      { name: 'remote', ...above, remoteParent: true },
      { name: 'not remote', ...above, remoteParent: false },
      { name: 'truthy', ...above, remoteParent: false },
    ]);
  });

  it('of a child of a child of a remote parent is not remote', async () => {
    const telemetry = recorded();
    const server = telemetry.oc.tracer.startSpan('server', { parent: REMOTE });
    telemetry.oc.tracer.startSpan('inner', { parent: server }).end();
    expect((await onlySpan(telemetry)).remoteParent).toBe(false);
  });

  it('may be a span of another telemetry', async () => {
    const telemetry = recorded();
    const foreign = recorded().oc.tracer.startSpan('foreign');
    telemetry.oc.tracer.startSpan('x', { parent: foreign }).end();
    const { traceId, parentSpanId, remoteParent } = await onlySpan(telemetry);
    expect({ traceId, parentSpanId, remoteParent }).toEqual({
      traceId: foreign.context.traceId,
      parentSpanId: foreign.context.spanId,
      remoteParent: false,
    });
  });

  it('may have its members in getters of a class', async () => {
    const telemetry = recorded();
    class Received implements SpanContext {
      get traceId(): string {
        return REMOTE.traceId;
      }
      get spanId(): string {
        return REMOTE.spanId;
      }
      get sampled(): boolean {
        return true;
      }
      get remote(): boolean {
        return true;
      }
    }
    telemetry.oc.tracer.startSpan('x', { parent: new Received() }).link(new Received()).end();
    const { traceId, parentSpanId, remoteParent, links } = await onlySpan(telemetry);
    expect({ traceId, parentSpanId, remoteParent, links }).toEqual({
      traceId: REMOTE.traceId,
      parentSpanId: REMOTE.spanId,
      remoteParent: true,
      links: [{ traceId: REMOTE.traceId, spanId: REMOTE.spanId, type: 'unspecified', attributes: {} }],
    });
  });

  it('with upper-case ids is read in lower case', async () => {
    const telemetry = recorded();
    const { traceId, spanId } = REMOTE;
    const parent = { traceId: traceId.toUpperCase(), spanId: spanId.toUpperCase(), sampled: true };
    telemetry.oc.tracer.startSpan('x', { parent }).end();
    const span = await onlySpan(telemetry);
    expect([span.traceId, span.parentSpanId]).toEqual([traceId, spanId]);
  });

  it.each([
    ['a zero trace id', { ...REMOTE, traceId: '0'.repeat(32) }],
    ['a zero span id', { ...REMOTE, spanId: '0'.repeat(16) }],
    ['a short trace id', { ...REMOTE, traceId: 'a1b2c3d4' }],
    ['a long span id', { ...REMOTE, spanId: `${REMOTE.spanId}0` }],
    ['a trace id with a line break', { ...REMOTE, traceId: `${REMOTE.traceId.slice(1)}\n` }],
    ['letters that are no hex digits', { ...REMOTE, spanId: '00f1e2d3c4b5a69g' }],
    ['full-width digits', { ...REMOTE, spanId: '１'.repeat(16) }],
    ['ids that are numbers', { ...REMOTE, traceId: 5 as never, spanId: 6 as never }],
    ['no ids', {} as SpanContext],
  ])('with %s makes a root of a new trace, and says so once', async (_, parent) => {
    const telemetry = recorded();
    telemetry.oc.tracer.startSpan('x', { parent }).end();
    telemetry.oc.tracer.startSpan('y', { parent }).end();
    const spans = await telemetry.spans();
    expect(spans.map(({ name, parentSpanId, traceState }) => ({ name, parentSpanId, traceState }))).toEqual([
      { name: 'x', parentSpanId: undefined, traceState: undefined },
      { name: 'y', parentSpanId: undefined, traceState: undefined },
    ]);
    for (const { traceId, spanId } of spans) {
      expect(traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
      expect(traceId).not.toBe(REMOTE.traceId);
      expect(spanId).toMatch(/^(?!0+$)[0-9a-f]{16}$/);
    }
    expect(telemetry.problems.map(({ severity }) => severity)).toEqual(['warning']);
  });
});

describe('the tracestate', () => {
  it('goes on to children and contexts, and not to a root', async () => {
    const telemetry = recorded();
    const { tracer } = telemetry.oc;
    const server = tracer.startSpan('server', { parent: REMOTE });
    const inner = tracer.startSpan('inner', { parent: server });
    const deep = tracer.startSpan('deep', { parent: inner.context });
    const root = tracer.withSpan(server, () => tracer.startSpan('root', { parent: null }));
    const made: Span[] = [server, inner, deep, root];
    expect(made.map(({ context }) => context.traceState)).toEqual([
      'vendor=1,other=x',
      'vendor=1,other=x',
      'vendor=1,other=x',
      undefined,
    ]);
    for (const span of made) span.end();
    expect((await telemetry.spans()).map(({ traceState }) => traceState)).toEqual([
      'vendor=1,other=x',
      'vendor=1,other=x',
      'vendor=1,other=x',
      undefined,
    ]);
  });

  it('that is empty or no string counts as absent', async () => {
    const telemetry = recorded();
    for (const traceState of ['', 7, {}, null]) {
      telemetry.oc.tracer.startSpan('x', { parent: { ...REMOTE, traceState: traceState as never } }).end();
    }
    expect((await telemetry.spans()).map(({ traceState }) => traceState)).toEqual(Array(4).fill(undefined));
  });

  it.each([
    ['5 MB', 'k='.padEnd(5_000_000, 'v')],
    ['a lone surrogate', 'k=\ud800'],
  ])('of %s leaves well-formed and bounded, or not at all', async (_, traceState) => {
    const telemetry = recorded();
    const given = { ...REMOTE, traceState };
    const span = telemetry.oc.tracer.startSpan('x', { parent: given });
    span.link(given).end();
    const data = await onlySpan(telemetry);
    for (const kept of [data.traceState, data.links[0]?.traceState, span.context.traceState]) {
      expect((kept ?? '').isWellFormed()).toBe(true);
      expect((kept ?? '').length).toBeLessThanOrEqual(8_192);
    }
  });
});

describe('childCount', () => {
  it('counts the children that this process started, one level deep, ended or not', async () => {
    const telemetry = recorded();
    const { tracer } = telemetry.oc;
    tracer.span('outer', () => {
      tracer.startSpan('open');
      tracer.span('inner', () => tracer.span('deep', () => {}));
      tracer.startSpan('elsewhere', { parent: null }).end();
    });
    expect((await telemetry.spans()).map(({ name, childCount }) => [name, childCount])).toEqual([
      ['deep', 0],
      ['inner', 1],
      ['elsewhere', 0],
      ['outer', 2],
    ]);
  });
});

describe('a scoped tracer', () => {
  it('names its library in its spans and shares everything else', async () => {
    const telemetry = recorded();
    const { tracer } = telemetry.oc;
    const pg = tracer.scoped('pg', '8.1.0');
    const http = pg.scoped('http');
    pg.span('query', (span) => {
      expect(tracer.current()).toBe(span);
      expect(http.current()).toBe(span);
      http.span('request', () => tracer.startSpan('plain').end());
    });
    expect((await telemetry.spans()).map(({ name, scope }) => [name, scope])).toEqual([
      ['plain', undefined],
      ['request', { name: 'http' }],
      ['query', { name: 'pg', version: '8.1.0' }],
    ]);
  });
});
