import { neverSample } from '@oc/core';
import type { RunningSpan, SpanData } from '@oc/core/exporter';
import { describe, expect, it } from 'vitest';
import { copyOf, recorded } from './recorded.ts';

describe('Source.watch', () => {
  it('shows each span at its start and its end, sampled or not, and exports none the more', async () => {
    const telemetry = recorded();
    const { tracer } = telemetry.oc;
    const heard: unknown[] = [];
    telemetry.source.watch({
      start: ({ name, end, attributes }) => heard.push(['start', name, end, { ...attributes }]),
      end: ({ name, attributes, end, start }, sampled) =>
        heard.push(['end', name, end >= start, { ...attributes }, sampled]),
    });
    tracer.span('sampled', { attributes: { a: 1 } }, (span) => {
      tracer
        .startSpan('unsampled', { sampler: neverSample(), attributes: { b: 1 } })
        .setAttribute('c', 2)
        .end();
      span.setAttribute('d', 3);
    });
    expect(heard).toEqual([
      ['start', 'sampled', undefined, { a: 1 }],
      ['start', 'unsampled', undefined, { b: 1 }],
      ['end', 'unsampled', true, { b: 1, c: 2 }, false],
      ['end', 'sampled', true, { a: 1, d: 3 }, true],
    ]);
    expect((await telemetry.spans()).map(({ name }) => name)).toEqual(['sampled']);
  });

  it('shows whole unsampled traces: parents, ids, decisions, events', () => {
    const telemetry = recorded({ sampler: neverSample() });
    const { tracer } = telemetry.oc;
    const ended: SpanData[] = [];
    telemetry.source.watch({ start() {}, end: (span) => void ended.push(copyOf(span)) });
    tracer.span('outer', (outer) => {
      outer.annotate('note');
      tracer.span('inner', (inner) => {
        expect([inner.recording, inner.context.sampled]).toEqual([true, false]);
        inner.setStatus('NOT_FOUND');
      });
    });
    const [inner, outer] = ended;
    expect([inner?.parentSpanId, inner?.traceId, inner?.status]).toEqual([outer?.spanId, outer?.traceId, { code: 5 }]);
    expect(outer?.annotations.map(({ description }) => description)).toEqual(['note']);
  });

  it('lets a running span be read at any time', () => {
    const telemetry = recorded();
    const running: RunningSpan[] = [];
    telemetry.source.watch({ start: (span) => void running.push(span), end() {} });
    const span = telemetry.oc.tracer.startSpan('x');
    const [seen] = running;
    const read = () => [seen?.name, { ...seen?.attributes }, seen?.annotations.length, seen?.end === undefined];
    expect(read()).toEqual(['x', {}, 0, true]);
    span.setAttribute('a', 1).setName('y').annotate('n');
    expect(read()).toEqual(['y', { a: 1 }, 1, true]);
    span.setAttribute('b', 2);
    span.end();
    expect(read()).toEqual(['y', { a: 1, b: 2 }, 1, false]);
    expect([seen?.traceId, seen?.spanId]).toEqual([span.context.traceId, span.context.spanId]);
  });

  it('hears nothing any more once it was called off, spans under way included', () => {
    const telemetry = recorded({ sampler: neverSample() });
    const heard: string[] = [];
    const stop = telemetry.source.watch({
      start: ({ name }) => void heard.push(`start ${name}`),
      end: ({ name }) => void heard.push(`end ${name}`),
    });
    const open = telemetry.oc.tracer.startSpan('open');
    stop();
    stop();
    open.end();
    const span = telemetry.oc.tracer.startSpan('later', { parent: open });
    span.end();
    expect(heard).toEqual(['start open']);
    expect([span.recording, span.context.traceId]).toEqual([false, open.context.traceId]);
  });

  it('may be called off by one and go on for another, also for one listener that watches twice', () => {
    const telemetry = recorded();
    const heard: string[] = [];
    const listener = { start: ({ name }: RunningSpan) => void heard.push(name), end() {} };
    const stop = telemetry.source.watch(listener);
    telemetry.source.watch(listener);
    telemetry.oc.tracer.startSpan('first');
    stop();
    stop();
    telemetry.oc.tracer.startSpan('second');
    expect([...new Set(heard)]).toEqual(['first', 'second']);
  });

  it('does not let a listener that throws break the application, the exporters or the other listeners', async () => {
    const telemetry = recorded();
    const heard: string[] = [];
    const broken = () => {
      throw new Error('broken page');
    };
    telemetry.source.watch({ start: broken, end: broken });
    telemetry.source.watch({ start: ({ name }) => void heard.push(name), end: ({ name }) => void heard.push(name) });
    telemetry.oc.tracer.span('x', () => {});
    expect(heard).toEqual(['x', 'x']);
    expect(await telemetry.spans()).toHaveLength(1);
  });
});
