import type { Metric, SpanData } from '@oc/core/exporter';
import { samples } from '@oc/testkit';
import { describe, expect, it } from 'vitest';
import { collector } from '../../../tools/receivers/collector.ts';
import { receiving } from '../../../tools/receivers/receiving.ts';
import { type OtlpOptions, otlp } from '../src/index.ts';
import { expectedMetrics, expectedSpans } from './expected.ts';
import type { Json } from './oracle.ts';
import { call, span } from './samples.ts';

const running = receiving(collector, { receivers: { otlp: { grpc: {}, http: {} } } });

function exporterOf(protocol: OtlpOptions['protocol'], options: OtlpOptions = {}): ReturnType<typeof otlp> {
  const inlet = protocol === 'grpc' ? 'otlp/grpc' : 'otlp/http';
  return otlp({ protocol, url: `http://${running().address(inlet)}`, ...options });
}

const { resource } = samples;
/** Each of the kit's spans and metrics, under names of this run alone. */
const spansOf = (tag: string): readonly SpanData[] =>
  Object.values(samples.spans).map((sample) => ({ ...sample, scope: sample.scope ?? { name: tag } }));
const metricsOf = (tag: string): readonly Metric[] =>
  Object.values(samples.metrics).map((sample) => ({ ...sample, name: `${tag}/${sample.name}` }));

describe.each(['http/protobuf', 'http/json', 'grpc'] as const)('a Collector that is sent %s', (protocol) => {
  it('gives every value of every span back', async () => {
    const exporter = exporterOf(protocol, { compression: protocol === 'http/json' ? 'gzip' : 'none' });
    const spans = spansOf(protocol).filter(({ scope }) => scope?.name === protocol);
    await exporter.exportSpans?.(spans, call({ resource }));
    await exporter.close?.(AbortSignal.timeout(1_000));
    const ours = ({ scope }: { readonly scope: { readonly name?: string } }): boolean => scope.name === protocol;
    const arrived = await running().traces((all) => all.filter(ours).length >= spans.length);
    expect(arrived.filter(ours).map(plain)).toEqual(spans.map((each) => plain(spanIn(each))));
  });

  it('gives every value of every metric back', async () => {
    const exporter = exporterOf(protocol);
    const metrics = metricsOf(protocol);
    await exporter.exportMetrics?.(metrics, call({ resource }));
    await exporter.close?.(AbortSignal.timeout(1_000));
    const ours = ({ name }: { readonly name: string }): boolean => name.startsWith(`${protocol}/`);
    const arrived = await running().metrics((all) => all.filter(ours).length >= metrics.length);
    expect(arrived.filter(ours).map(plain)).toEqual(metrics.map((each) => plain(metricIn(each))));
  });

  it('refuses a whole message for one bad span in it, and its reason is told', async () => {
    const good = span({ scope: { name: 'refused' } });
    const bad = span({
      links: [
        { traceId: '7d1f4a52c0b94e6388a1d6f05b3e2c', spanId: 'a3c1f07e5d294b86', type: 'unspecified', attributes: {} },
      ],
    });
    await expect(exporterOf(protocol).exportSpans?.([good, bad], call())).rejects.toMatchObject({
      failure: protocol === 'grpc' ? 'rejected' : 'poisoned',
      message: expect.stringMatching(
        protocol === 'grpc'
          ? /TraceService\/Export .*INTERNAL: .*invalid TraceID length/
          : /answered 400: .*(invalid )/,
      ),
    });
    const arrived = await running().traces(() => true);
    expect(arrived.filter(({ scope }) => scope.name === 'refused')).toEqual([]);
  });
});

// What may be wrong with JSON, and what the Collector answers. Where it says 200 it is blind: that it took a message proves
// nothing there. mapping.test.ts sees these: it compares each name and value with OTLP's definitions, as others read them.
it.each([
  { what: 'an id that is no hex', member: '"traceId":"zz"', answer: 400 },
  { what: 'an id of 15 bytes', member: `"traceId":"${'7d'.repeat(15)}"`, answer: 400 },
  { what: 'a time that is no number', member: '"startTimeUnixNano":"soon"', answer: 400 },
  { what: 'an attribute that is null', member: '"attributes":[{"key":"k","value":{"doubleValue":null}}]', answer: 400 },
  { what: 'an id of zeros', member: `"traceId":"${'0'.repeat(32)}"`, answer: 200 },
  { what: 'a name that OTLP lacks', member: '"trace_identity":"7d"', answer: 200 },
  { what: 'a kind that OTLP lacks', member: '"kind":9', answer: 200 },
])('a Collector answers $answer to $what', async ({ member, answer }) => {
  const body = `{"resourceSpans":[{"scopeSpans":[{"scope":{"name":"faulty"},"spans":[{${member}}]}]}]}`;
  const url = `http://${running().address('otlp/http')}/v1/traces`;
  const { status } = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  expect(status).toBe(answer);
});

/** A span or metric as the Collector's file has it. */
function spanIn(sample: SpanData): Json {
  const limited = { ...sample, start: clamped(sample.start), end: clamped(sample.end) };
  return only(expectedSpans([limited], resource), 'resourceSpans', 'scopeSpans', 'spans');
}

function metricIn(sample: Metric): Json {
  return only(expectedMetrics([sample], resource, 2), 'resourceMetrics', 'scopeMetrics', 'metrics');
}

function clamped(micros: number): number {
  return Math.min(micros, Number.MAX_SAFE_INTEGER);
}

function only(message: Json, ofResource: string, ofScope: string, items: string): Json {
  const [group] = message[ofResource] as readonly Json[];
  const [scoped] = (group as Json)[ofScope] as readonly Json[];
  const [item] = (scoped as Json)[items] as readonly Json[];
  return { resource: (group as { resource: Json }).resource.attributes, scope: (scoped as Json).scope, ...item };
}

/** Without what is empty or zero, which the Collector writes or leaves out as it likes; lists of attributes by key. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) {
    const isAttributes =
      value.length > 0 && value.every((item) => item?.key !== undefined && item?.value !== undefined);
    return isAttributes ? plain(Object.fromEntries(value.map((pair) => [pair.key, pair.value]))) : value.map(plain);
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, member]) => [name, plain(member)] as const)
      .filter(([name, member]) => !isNothing(name, member)),
  );
}

function isNothing(name: string, value: unknown): boolean {
  if (/Value$|^as(Int|Double)$/.test(name)) return false;
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  return value === '' || value === '0' || value === undefined || isEmpty;
}
