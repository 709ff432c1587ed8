import type { Item, Signal } from '@oc/testkit';
import { checkExporter, checkNightly, type ExporterCheck } from '@oc/testkit';
import { describe } from 'vitest';
import { ocagent } from '../src/index.ts';
import { decoded, readJson, type Tree } from './definitions.ts';

const TRACES = '/opencensus.proto.agent.trace.v1.TraceService/Export';
const METRICS = '/opencensus.proto.agent.metrics.v1.MetricsService/Export';

function micros({ seconds = 0, nanos = 0 }: Tree): number {
  return Number(seconds) * 1e6 + Number(nanos) / 1e3;
}

/** Attributes as they were: of the protocol's union the member that is there. */
function attributesOf({
  attributeMap = {},
}: {
  attributeMap?: Record<string, Record<string, unknown>>;
} = {}): Item['attributes'] {
  return Object.fromEntries(
    Object.entries(attributeMap).map(([key, { stringValue, ...value }]) => [
      key,
      stringValue ? ((stringValue as Tree).value ?? '') : (Object.values(value).map(Number)[0] ?? 0),
    ]),
  );
}

/** Spans or rows of a decoded request, which names who sends it. */
function itemsIn({ node, spans = [], metrics = [] }: Tree): readonly Item[] {
  if (!(node as { serviceInfo?: Tree } | undefined)?.serviceInfo?.name) throw new Error('it does not name its service');
  const rows = (metrics as readonly Tree[]).flatMap((metric) => {
    const { name, labelKeys = [] } = metric.metricDescriptor as { name: string; labelKeys?: readonly Tree[] };
    return (metric.timeseries as readonly { labelValues?: readonly Tree[]; points: readonly Tree[] }[]).map(
      (row): Item => {
        const { timestamp: _, ...value } = row.points[0] ?? {};
        const labels = Object.fromEntries(
          labelKeys.flatMap(({ key }, at) => {
            const { value = '', hasValue } = row.labelValues?.[at] ?? {};
            return hasValue ? [[key, value]] : [];
          }),
        );
        return { id: `${labels.id}`, name, attributes: labels, value: Number(Object.values(value)[0] ?? 0) };
      },
    );
  });
  return [
    ...rows,
    ...(spans as readonly Tree[]).map(
      (span): Item => ({
        id: `${span.spanId}`,
        traceId: `${span.traceId}`,
        parentId: span.parentSpanId as string | undefined,
        name: `${(span.name as Tree).value ?? ''}`,
        start: micros(span.startTime as Tree),
        end: micros(span.endTime as Tree),
        attributes: attributesOf(span.attributes as never),
      }),
    ),
  ];
}

const signals: readonly Signal[] = ['spans', 'metrics'];

const overGrpc: ExporterCheck = {
  name: 'ocagent',
  signals,
  takes: ['secret', 'tls'],
  make: ({ url, secret, tls }) =>
    ocagent({
      url,
      ca: tls?.ca,
      clientCertificate: tls?.cert,
      clientKey: tls?.key,
      headers: secret === undefined ? {} : { authorization: `Bearer ${secret}` },
    }),
  program: `
    import { ocagent } from '@oc/exporter-ocagent';
    export const make = ({ url }) => ocagent({ url });
  `,
  receiver: {
    transport: 'grpc',
    accepted: 'ended',
    meanings: { 2: 'unavailable', 8: 'unavailable', 13: 'unavailable' },
    items({ path, message }) {
      if (path === TRACES) return itemsIn(decoded('ExportTraceServiceRequest', message));
      if (path === METRICS) return itemsIn(decoded('ExportMetricsServiceRequest', message));
      throw new Error(`nothing is served at ${path}`);
    },
  },
};

describe('over gRPC', () => {
  checkExporter(overGrpc);
  checkNightly(overGrpc);
});

const overHttp: ExporterCheck = {
  ...overGrpc,
  takes: ['secret', 'agent'],
  make: ({ url, secret, agent }) =>
    ocagent({
      protocol: 'http',
      url,
      agent,
      headers: secret === undefined ? {} : { authorization: `Bearer ${secret}` },
    }),
  program: `
    import { ocagent } from '@oc/exporter-ocagent';
    export const make = ({ url }) => ocagent({ protocol: 'http', url });
  `,
  receiver: {
    transport: 'http',
    request: {
      method: 'POST',
      path: { spans: '/v1/trace', metrics: '/v1/metrics' },
      contentType: 'application/json',
    },
    accepted: { status: 200, body: '{}' },
    poisoned: { status: 400 },
    items: ({ body }) => itemsIn(readJson(JSON.parse(`${body}`) as Tree)),
    service: ({ body }) => (JSON.parse(`${body}`) as { node: { serviceInfo: { name: string } } }).node.serviceInfo.name,
  },
};

describe('over HTTP', () => checkExporter(overHttp));
