/** One table of the report. */
export interface Workload {
  readonly id: string;
  readonly title: string;
  readonly target: string;
  readonly unit: 'ns' | 'bytes' | 'ms' | 'MB' | 'spans';
  /** What ratios are taken to, first the one that the target means. */
  readonly references: readonly string[];
  readonly libraries: readonly string[];
}

const ALL = ['ours', 'otel2', 'otel3', 'opencensus', 'zipkin', 'jaeger', 'dd-trace'];
const CONTEXT = ['ours', 'otel2', 'otel3', 'opencensus', 'dd-trace']; // the others' context is another package
const NEVER = ['ours', 'otel2', 'otel3', 'opencensus', 'zipkin', 'jaeger']; // dd-trace decides when a trace has ended
const ZIPKIN = ['ours', 'otel2', 'otel3', 'zipkin'];
const OTLP = ['ours', 'otel2-otlp', 'otel3-otlp'];
const STATS = ['ours', 'prom-client', 'otel2-metrics'];

/** Every library that takes part, ours first. */
export const LIBRARIES: readonly string[] = [
  ...ALL,
  'ours-otlp',
  'otel2-otlp',
  'otel3-otlp',
  'prom-client',
  'otel2-metrics',
];

export const WORKLOADS: readonly Workload[] = [
  {
    id: 'W1',
    title: 'a sampled trace: root, 4 attributes, 1 annotation, 1 child with 2 attributes, into the batch',
    target: '<= 0.25 x otel2',
    unit: 'ns',
    references: ['otel2'],
    libraries: ALL,
  },
  {
    id: 'W1-context',
    title: 'the same, the child finding its parent in the context',
    target: '<= 0.25 x otel2',
    unit: 'ns',
    references: ['otel2'],
    libraries: CONTEXT,
  },
  {
    id: 'W1-bytes',
    title: 'heap allocated by a trace of W1',
    target: '<= 0.35 x otel2',
    unit: 'bytes',
    references: ['otel2'],
    libraries: ALL,
  },
  {
    id: 'W2',
    title: 'an unsampled span, start and end',
    target: '<= 0.10 x otel2',
    unit: 'ns',
    references: ['otel2'],
    libraries: NEVER,
  },
  {
    id: 'W2-bytes',
    title: 'heap allocated by an unsampled span',
    target: '<= 64 bytes',
    unit: 'bytes',
    references: ['otel2'],
    libraries: NEVER,
  },
  {
    id: 'W3',
    title: 'a value into a histogram of 10 bounds, 3 tags, 10,000 tag sets',
    target: '<= 0.15 x otel2, <= 0.35 x prom-client',
    unit: 'ns',
    references: ['otel2-metrics', 'prom-client'],
    libraries: STATS,
  },
  {
    id: 'W3-100k',
    title: 'the same with 100,000 tag sets',
    target: '<= 0.40 x otel2',
    unit: 'ns',
    references: ['otel2-metrics', 'prom-client'],
    libraries: STATS,
  },
  {
    id: 'W3-bound',
    title: 'the same with 10,000, through a bound handle',
    target: '<= 0.05 x prom-client',
    unit: 'ns',
    references: ['prom-client'],
    libraries: ['ours', 'prom-client'],
  },
  {
    id: 'W3-bytes',
    title: 'memory that a series of such a histogram takes',
    target: '<= 0.35 x otel2',
    unit: 'bytes',
    references: ['otel2-metrics', 'prom-client'],
    libraries: STATS,
  },
  {
    id: 'W3-bytes-counter',
    title: 'memory that a series of a counter takes',
    target: '<= 1 x prom-client',
    unit: 'bytes',
    references: ['prom-client', 'otel2-metrics'],
    libraries: STATS,
  },
  {
    id: 'W4',
    title: 'Zipkin JSON, for each of 512 spans: 10 attributes, 2 events, 1 link',
    target: '<= 1.0 x otel2',
    unit: 'ns',
    references: ['otel2'],
    libraries: ZIPKIN,
  },
  {
    id: 'W4-otlp',
    title: 'the same spans, OTLP in protobuf',
    target: '<= 0.45 x otel2',
    unit: 'ns',
    references: ['otel2-otlp'],
    libraries: OTLP,
  },
  {
    id: 'W4-otlp-json',
    title: 'the same spans, OTLP in JSON',
    target: '<= 0.55 x otel2',
    unit: 'ns',
    references: ['otel2-otlp'],
    libraries: OTLP,
  },
  {
    id: 'W4-jaeger',
    title: 'the same spans, Thrift for Jaeger',
    target: '<= 0.20 x jaeger',
    unit: 'ns',
    references: ['jaeger'],
    libraries: ['ours', 'jaeger'],
  },
  {
    id: 'W4-datadog',
    title: 'the same spans, MessagePack for the Datadog Agent',
    target: '<= 0.50 x dd-trace',
    unit: 'ns',
    references: ['dd-trace'],
    libraries: ['ours', 'dd-trace'],
  },
  {
    id: 'W4-ocagent',
    title: 'the same spans, JSON of the OpenCensus agent protocol, for which there is no peer',
    target: 'none',
    unit: 'ns',
    references: [],
    libraries: ['ours'],
  },
  {
    id: 'W5-10k',
    title: 'the page of a histogram with 10 bounds and 10,000 series',
    target: '<= 0.10 x otel2, <= 0.30 x prom-client',
    unit: 'ms',
    references: ['otel2-metrics', 'prom-client'],
    libraries: STATS,
  },
  {
    id: 'W5-100k',
    title: 'the same with 100,000',
    target: '<= 0.10 x otel2, <= 0.30 x prom-client',
    unit: 'ms',
    references: ['otel2-metrics', 'prom-client'],
    libraries: STATS,
  },
  {
    id: 'W5-block',
    title: 'the longest time that the event loop stands still meanwhile',
    target: '<= 0.02 x prom-client',
    unit: 'ms',
    references: ['prom-client', 'otel2-metrics'],
    libraries: STATS,
  },
  {
    id: 'W5-heap',
    title: 'the most memory that is seen beyond what was there before',
    target: '<= 0.15 x prom-client',
    unit: 'MB',
    references: ['prom-client', 'otel2-metrics'],
    libraries: STATS,
  },
  {
    id: 'W6-cpu',
    title: '200,000 traces at once to an OTLP server: CPU',
    target: '<= 0.40 x otel2',
    unit: 'ms',
    references: ['otel2-otlp'],
    libraries: OTLP,
  },
  {
    id: 'W6-rss',
    title: 'the same: the most memory of the process',
    target: '<= 0.80 x otel2',
    unit: 'MB',
    references: ['otel2-otlp'],
    libraries: OTLP,
  },
  {
    id: 'W6-lost',
    title: 'the same: spans that did not arrive',
    target: '0',
    unit: 'spans',
    references: [],
    libraries: OTLP,
  },
  {
    id: 'W6-stream',
    title: '5,000 traces a second for 20 s to the same server: CPU, less what the pace itself takes',
    target: '<= 0.50 x otel2',
    unit: 'ms',
    references: ['otel2-otlp'],
    libraries: OTLP,
  },
  {
    id: 'W7',
    title: 'import and set up tracing with one exporter',
    target: '<= 0.30 x zipkin',
    unit: 'ms',
    references: ['zipkin', 'otel2'],
    libraries: ALL,
  },
  {
    id: 'W7-otlp',
    title: 'the same with OTLP',
    target: '<= 0.30 x otel2',
    unit: 'ms',
    references: ['otel2-otlp', 'otel3-otlp'],
    libraries: ['ours-otlp', 'otel2-otlp', 'otel3-otlp'],
  },
  {
    id: 'W8',
    title: '1,000 spans a second for a minute, the server away for 30 s of it: spans lost',
    target: '0',
    unit: 'spans',
    references: [],
    libraries: OTLP,
  },
];
