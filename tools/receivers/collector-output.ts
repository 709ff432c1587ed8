// What the Collector took, as its file exporter wrote it: OTLP in JSON, one message a line.

/** A value as OTLP types it: `{ stringValue: 'visa' }`, `{ intValue: '5' }`, `{ arrayValue: { values: […] } }`. */
export type ArrivedValue = Readonly<Record<string, unknown>>;

/** OTLP's list of keys and values, by key. */
export type ArrivedAttributes = Readonly<Record<string, ArrivedValue>>;

interface Origin {
  /** The attributes of its resource. */
  readonly resource: ArrivedAttributes;
  readonly scope: { readonly name?: string; readonly version?: string };
}

/** A span in OTLP's names. Numbers of 64 bits are texts, absent values are left out, enums are numbers. */
export interface ArrivedSpan extends Origin {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly flags?: number;
  readonly name: string;
  readonly kind?: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: ArrivedAttributes;
  readonly events?: readonly {
    readonly timeUnixNano?: string;
    readonly name?: string;
    readonly attributes?: ArrivedAttributes;
  }[];
  readonly links?: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly traceState?: string;
    readonly attributes?: ArrivedAttributes;
  }[];
  readonly status?: { readonly code?: number; readonly message?: string };
  readonly droppedAttributesCount?: number;
  readonly droppedEventsCount?: number;
  readonly droppedLinksCount?: number;
}

interface Points {
  readonly dataPoints: readonly (Readonly<Record<string, unknown>> & { readonly attributes?: ArrivedAttributes })[];
  readonly aggregationTemporality?: number;
  readonly isMonotonic?: boolean;
}

/** A metric of one message in OTLP's names. */
export interface ArrivedMetric extends Origin {
  readonly name: string;
  readonly description?: string;
  readonly unit?: string;
  readonly gauge?: Points;
  readonly sum?: Points;
  readonly histogram?: Points;
  readonly exponentialHistogram?: Points;
  readonly summary?: Points;
}

/** A log record in OTLP's names. */
export interface ArrivedLog extends Origin {
  readonly timeUnixNano?: string;
  readonly severityText?: string;
  readonly body?: ArrivedValue;
  readonly attributes?: ArrivedAttributes;
}

/** What arrives, by signal. */
export interface Arrived {
  readonly traces: readonly ArrivedSpan[];
  readonly metrics: readonly ArrivedMetric[];
  readonly logs: readonly ArrivedLog[];
}

const LISTS = {
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
} as const;

/** The items of all whole lines; the last line may be half written. */
export function arrivedIn<S extends keyof Arrived>(signal: S, text: string): Arrived[S] {
  const [ofResource, ofScope, items] = LISTS[signal];
  const found = text
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => list(JSON.parse(line, byKey), ofResource))
    .flatMap((group) => list(group, ofScope).map((scoped) => ({ group, scoped })))
    .flatMap(({ group, scoped }) =>
      list(scoped, items).map((item) => ({
        resource: (group.resource as { attributes?: ArrivedAttributes } | undefined)?.attributes ?? {},
        scope: scoped.scope ?? {},
        ...item,
      })),
    );
  return found as unknown as Arrived[S];
}

type Json = Readonly<Record<string, unknown>>;

function list(of: Json, name: string): readonly Json[] {
  return (of[name] as readonly Json[] | undefined) ?? [];
}

/** Turns lists of keys and values into objects, so that their order does not matter and each is found by its name. */
function byKey(name: string, value: unknown): unknown {
  if (!(name === 'attributes' || name === 'filteredAttributes') || !Array.isArray(value)) return value;
  return Object.fromEntries(value.map((each: { key: string; value: ArrivedValue }) => [each.key, each.value]));
}
