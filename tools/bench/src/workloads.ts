/** One table of the report. */
export interface Workload {
  readonly id: string;
  readonly title: string;
  readonly target: string;
  readonly unit: 'ns' | 'bytes' | 'ms';
  /** What ratios are taken to, first the one that the target means. */
  readonly references: readonly string[];
  readonly libraries: readonly string[];
}

const ALL = ['ours', 'otel2', 'otel3', 'opencensus', 'zipkin', 'jaeger', 'dd-trace'];
const CONTEXT = ['ours', 'otel2', 'otel3', 'opencensus', 'dd-trace']; // the others' context is another package
const NEVER = ['ours', 'otel2', 'otel3', 'opencensus', 'zipkin', 'jaeger']; // dd-trace decides when a trace has ended
const ZIPKIN = ['ours', 'otel2', 'otel3', 'zipkin'];

/** Every library that takes part, ours first. */
export const LIBRARIES: readonly string[] = ALL;

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
    id: 'W4',
    title: 'Zipkin JSON, for each of 512 spans: 10 attributes, 2 events, 1 link',
    target: '<= 1.0 x otel2',
    unit: 'ns',
    references: ['otel2'],
    libraries: ZIPKIN,
  },
  {
    id: 'W7',
    title: 'import and set up tracing with one exporter',
    target: '<= 0.30 x zipkin',
    unit: 'ms',
    references: ['zipkin', 'otel2'],
    libraries: ALL,
  },
];
