import { type Problem, type Telemetry, type TelemetryOptions, telemetry } from '@oc/core';
import type { Exporter, Metric, Source, SpanData, TimeSeries } from '@oc/core/exporter';

/** A telemetry and all that came out of it. */
export interface Recorded {
  readonly oc: Telemetry;
  readonly source: Source;
  /** What `onError` was told. */
  readonly problems: Problem[];
  /** Flushes; answers with copies of all spans that were exported so far and not taken yet, in the order of their ends. */
  spans(): Promise<SpanData[]>;
  /** Collects; answers with the metrics of now, their rows as arrays. */
  metrics(): Promise<Metric[]>;
  /** The rows of one metric of now; none when there is no such metric. */
  rows(metric: string): Promise<TimeSeries[]>;
}

/** Sets up telemetry with an exporter that keeps what it is given. */
export function recorded(options: TelemetryOptions = {}): Recorded {
  const problems: Problem[] = [];
  const kept: SpanData[] = [];
  let source: Source | undefined;
  const keeper: Exporter = {
    name: 'keeper',
    start(given) {
      source = given;
    },
    async exportSpans(spans) {
      kept.push(...spans.map(copyOf));
    },
  };
  const oc = telemetry({ flushOn: [], onError: (problem) => problems.push(problem), exporters: [keeper], ...options });
  async function metrics(): Promise<Metric[]> {
    const collected = (await source?.metrics()) ?? [];
    return collected.map((metric) => ({ ...metric, timeSeries: [...metric.timeSeries] }) as Metric);
  }
  return {
    oc,
    problems,
    get source() {
      if (!source) throw new Error('the keeper was not started');
      return source;
    },
    async spans() {
      await oc.flush();
      return kept.splice(0);
    },
    metrics,
    async rows(name) {
      const metric = (await metrics()).find((each) => each.name === name);
      return [...((metric?.timeSeries as Iterable<TimeSeries> | undefined) ?? [])];
    },
  };
}

/** The one span that was exported. */
export async function onlySpan({ spans }: Recorded): Promise<SpanData> {
  const [span, ...others] = await spans();
  if (!span || others.length > 0) throw new Error(`${span ? 1 + others.length : 0} spans were exported instead of one`);
  return span;
}

/** A copy by name, as the contract asks for: every member of SpanData. */
export function copyOf(span: SpanData): SpanData {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    traceState: span.traceState,
    remoteParent: span.remoteParent,
    name: span.name,
    kind: span.kind,
    start: span.start,
    end: span.end,
    scope: span.scope,
    status: span.status,
    attributes: span.attributes,
    annotations: span.annotations,
    messageEvents: span.messageEvents,
    links: span.links,
    dropped: span.dropped,
    childCount: span.childCount,
  };
}

/** Runs `fn` with these environment variables; undefined takes one away. */
export function withEnvironment<T>(variables: Readonly<Record<string, string | undefined>>, fn: () => T): T {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  const set = (name: string, value: string | undefined): void => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(variables)) set(name, value);
  try {
    return fn();
  } finally {
    for (const [name, value] of before) set(name, value);
  }
}
