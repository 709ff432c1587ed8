/** Whole microseconds: since 1970-01-01T00:00:00Z for a point in time, never negative. */
export type UnixMicros = number;

/** A time that a user gives: a Date, or milliseconds since 1970, fractions allowed. */
export type Time = Date | number;

/** What an attribute may hold once core has read it. */
export type AttributeValue = string | number | boolean | readonly string[] | readonly number[] | readonly boolean[];

/**
 * Attributes as exporters receive them: well-formed, bounded strings; numbers as given (NaN and the infinities too).
 * The object has no inherited members, so any key is safe to look up.
 */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/**
 * Attributes as users give them. Core reads each value once: undefined and null are left out; a BigInt within 2^53
 * becomes a number, else its decimal text; dates, mixed arrays and other objects become bounded text; functions,
 * symbols and what cannot be read are counted as dropped.
 */
export type AttributesInput = Readonly<Record<string, unknown>>;

/** What a span did. A backend that lacks a kind shows its nearest: producer as client, consumer as server. */
export type SpanKind = 'unspecified' | 'server' | 'client' | 'producer' | 'consumer';

/** The canonical status codes in the order of their numbers: `STATUS_CODES[5]` is 'NOT_FOUND'. */
export const STATUS_CODES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

/** The name of a canonical status code. */
export type StatusCode = (typeof STATUS_CODES)[number];

/** How a span ended: `code` is 0 (OK, also when nothing was said) to 16, an index of `STATUS_CODES`. */
export interface Status {
  readonly code: number;
  readonly message?: string | undefined;
}

/** What identifies a span across processes. */
export interface SpanContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  readonly sampled: boolean;
  /** The W3C tracestate, carried on as it came. */
  readonly traceState?: string | undefined;
  /** True for a context that came from another process. */
  readonly remote?: boolean | undefined;
}

/** Something that happened during a span. */
export interface Annotation {
  readonly time: UnixMicros;
  readonly description: string;
  readonly attributes: Attributes;
}

/** A message sent or received during a span. */
export interface MessageEvent {
  readonly time: UnixMicros;
  readonly type: 'sent' | 'received';
  /** Numbered by the caller, usually from 1 for each span and direction. */
  readonly id: number;
  /** Bytes. */
  readonly uncompressedBytes?: number | undefined;
  /** Bytes. */
  readonly compressedBytes?: number | undefined;
}

/** How a linked span is related to the one that holds the link. */
export type LinkType = 'unspecified' | 'child' | 'parent';

/** A pointer to a span of this or another trace. */
export interface Link {
  readonly traceId: string;
  readonly spanId: string;
  readonly type: LinkType;
  readonly traceState?: string | undefined;
  readonly attributes: Attributes;
}

/** The library that made a span. */
export interface Scope {
  readonly name: string;
  readonly version?: string | undefined;
}

/** How many of each were left out because of a limit or because they could not be read. */
export interface DroppedCounts {
  readonly attributes: number;
  readonly annotations: number;
  readonly messageEvents: number;
  readonly links: number;
}

/**
 * A finished, sampled span as exporters receive it; it never changes again and is shared by all exporters.
 * Core's own spans compute most of this when it is first read, in getters: copy by name, never by spread.
 * `JSON.stringify` works. Bridges and tests may hand over plain objects.
 */
export interface SpanData {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** 16 lower-case hex digits; undefined for a root. */
  readonly parentSpanId?: string | undefined;
  readonly traceState?: string | undefined;
  /** True when the parent lives in another process. */
  readonly remoteParent: boolean;
  readonly name: string;
  readonly kind: SpanKind;
  readonly start: UnixMicros;
  /** Never before `start`. */
  readonly end: UnixMicros;
  readonly scope?: Scope | undefined;
  readonly status: Status;
  readonly attributes: Attributes;
  readonly annotations: readonly Annotation[];
  readonly messageEvents: readonly MessageEvent[];
  readonly links: readonly Link[];
  readonly dropped: DroppedCounts;
  /** How many children this process started under the span. */
  readonly childCount?: number | undefined;
}

/** A span that has not ended: what `Source.watch` shows. It changes until its end; read it when you need it. */
export type RunningSpan = Omit<SpanData, 'end'> & { readonly end?: UnixMicros | undefined };

/** A span as the application sees it. No method throws; after `end` every change is ignored. */
export interface Span {
  readonly context: SpanContext;
  /** False for a span that keeps nothing: not sampled, ended, or telemetry is off. */
  readonly recording: boolean;
  /** Putting an existing key replaces its value and makes it the newest. */
  setAttribute(key: string, value: unknown): this;
  setAttributes(attributes: AttributesInput): this;
  annotate(description: string, attributes?: AttributesInput): this;
  /**
   * Adds an annotation `exception` with `exception.type`, `exception.message` and `exception.stacktrace`.
   * The status is left as it is.
   */
  recordError(error: unknown): this;
  messageEvent(event: Omit<MessageEvent, 'time'>): this;
  /** Links to another span; a context with invalid ids counts as dropped. */
  link(context: SpanContext, type?: LinkType, attributes?: AttributesInput): this;
  setStatus(code: StatusCode, message?: string): this;
  setName(name: string): this;
  /**
   * Ends the span, now or at the given time, and hands it to the exporters. An end before the start is clamped to it and
   * flagged by an attribute `oc.end_before_start`.
   */
  end(at?: Time): void;
}

/** How a span begins. */
export interface SpanOptions {
  /** The span or context above this one; null makes a root. Default: the current span. */
  readonly parent?: Span | SpanContext | null | undefined;
  /** Default 'unspecified'. */
  readonly kind?: SpanKind | undefined;
  readonly attributes?: AttributesInput | undefined;
  readonly links?:
    | readonly { context: SpanContext; type?: LinkType | undefined; attributes?: AttributesInput | undefined }[]
    | undefined;
  /** Decides for this span, whatever its parent's decision was. */
  readonly sampler?: Sampler | undefined;
  /** Default: now. */
  readonly start?: Time | undefined;
}

/** Decides whether a root span is recorded and exported. One that throws counts as false. */
export interface Sampler {
  /** For people: 'probability(0.1)'. */
  readonly description: string;
  sample(root: {
    readonly traceId: string;
    readonly name: string;
    readonly kind: SpanKind;
    readonly attributes: AttributesInput;
  }): boolean;
}

/** Starts spans and knows the current one. */
export interface Tracer {
  /** Starts a span that the caller ends. It does not become the current one. */
  startSpan(name: string, options?: SpanOptions): Span;
  /** Runs `fn` with `span` as the current span, across awaits too. */
  withSpan<T>(span: Span, fn: () => T): T;
  /**
   * Runs `fn` in a new current span that ends when `fn` returns or its promise settles. What is thrown or rejected is
   * recorded, sets status UNKNOWN unless a status was set, and goes on to the caller.
   */
  span<T>(name: string, fn: (span: Span) => T): T;
  span<T>(name: string, options: SpanOptions, fn: (span: Span) => T): T;
  /** The current span, if any. */
  current(): Span | undefined;
  /** The same tracer under a library's own name, which its spans carry as `scope`. */
  scoped(name: string, version?: string): Tracer;
}
