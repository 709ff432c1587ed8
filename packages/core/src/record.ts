import { type AttributeList, NO_ATTRIBUTES, recordOf } from './attributes.ts';
import type { Stamps } from './clock.ts';
import { hexOf, randomBits } from './ids.ts';
import type {
  Annotation,
  Attributes,
  DroppedCounts,
  Link,
  MessageEvent,
  RunningSpan,
  Scope,
  SpanData,
  SpanKind,
  Status,
  UnixMicros,
} from './span.ts';

/** What the spans of one process in one trace share: the id, and one wall time from which all others are measured. */
export class Trace {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  /** Wall time of the first span here. */
  readonly wall: UnixMicros;
  /** The monotonic reading of that moment, in milliseconds. */
  readonly monotonic: number;
  readonly traceState: string | undefined;
  private hex: string | undefined;

  constructor(a: number, b: number, c: number, d: number, stamps: Stamps, traceState: string | undefined) {
    this.a = a;
    this.b = b;
    this.c = c;
    this.d = d;
    this.monotonic = stamps.clock.monotonic();
    this.wall = stamps.at(this.monotonic);
    this.traceState = traceState;
    this.hex = undefined;
  }

  get id(): string {
    this.hex ??= hexOf(this.a) + hexOf(this.b) + hexOf(this.c) + hexOf(this.d);
    return this.hex;
  }
}

/** The value of `ended` until then. */
export const RUNNING = -1;
/** The value of `code` until somebody sets it. */
export const UNSET = -1;
const OK: Status = Object.freeze({ code: 0 });
const NONE: readonly never[] = Object.freeze([]);
const NOTHING_DROPPED: DroppedCounts = Object.freeze({ attributes: 0, annotations: 0, messageEvents: 0, links: 0 });

/** What few spans have, apart from the record so that the others need no room for it. */
class Rare {
  messageEvents: MessageEvent[] = [];
  links: Link[] = [];
  dropped: { -readonly [K in keyof DroppedCounts]: number } = { ...NOTHING_DROPPED };
  scope: Scope | undefined = undefined;
}

/**
 * One span's data: gathered by a RecordingSpan, then read by exporters. Times are kept as small whole numbers of
 * microseconds since the trace's first span, and ids as integers: both are put into their public form when read.
 */
export class SpanRecord implements RunningSpan {
  readonly trace: Trace;
  readonly high: number;
  readonly low: number;
  /** Both 0 for a root. */
  readonly parentHigh: number;
  readonly parentLow: number;
  readonly remoteParent: boolean;
  readonly sampled: boolean;
  readonly kind: SpanKind;
  readonly started: number;
  name: string;
  /** Microseconds after the start, or RUNNING. */
  ended: number;
  /** A canonical code, or UNSET. */
  code: number;
  message: string | undefined;
  readonly list: AttributeList;
  notes: Annotation[] | undefined;
  rare: Rare | undefined;
  childCount: number;
  /** What the span counts as in a queue's bound of bytes; known at its end. */
  bytes: number;
  private record: Attributes | undefined;

  constructor(
    trace: Trace,
    parentHigh: number,
    parentLow: number,
    remoteParent: boolean,
    sampled: boolean,
    name: string,
    kind: SpanKind,
    started: number,
  ) {
    this.trace = trace;
    this.high = randomBits();
    this.low = randomBits() || 1; // never all zero
    this.parentHigh = parentHigh;
    this.parentLow = parentLow;
    this.remoteParent = remoteParent;
    this.sampled = sampled;
    this.name = name;
    this.kind = kind;
    this.started = started;
    // Assigned here rather than where they are declared: V8 makes spans faster that way.
    this.ended = RUNNING;
    this.code = UNSET;
    this.message = undefined;
    this.list = [];
    this.notes = undefined;
    this.rare = undefined;
    this.childCount = 0;
    this.bytes = 0;
    this.record = undefined;
  }

  get traceId(): string {
    return this.trace.id;
  }
  get spanId(): string {
    return hexOf(this.high) + hexOf(this.low); // not kept: a field costs each span more than this costs its few readers
  }
  get parentSpanId(): string | undefined {
    return (this.parentHigh | this.parentLow) === 0 ? undefined : hexOf(this.parentHigh) + hexOf(this.parentLow);
  }
  get traceState(): string | undefined {
    return this.trace.traceState;
  }
  get start(): UnixMicros {
    return this.trace.wall + this.started;
  }
  get end(): UnixMicros | undefined {
    return this.ended === RUNNING ? undefined : this.trace.wall + this.started + this.ended;
  }
  get scope(): Scope | undefined {
    return this.rare?.scope;
  }
  get status(): Status {
    const code = Math.max(0, this.code);
    if (this.message !== undefined) return { code, message: this.message };
    return code === 0 ? OK : { code };
  }
  get attributes(): Attributes {
    if (this.ended === RUNNING) return recordOf(this.list);
    this.record ??= recordOf(this.list);
    return this.record;
  }
  get annotations(): readonly Annotation[] {
    return this.notes ?? NONE;
  }
  get messageEvents(): readonly MessageEvent[] {
    return this.rare?.messageEvents ?? NONE;
  }
  get links(): readonly Link[] {
    return this.rare?.links ?? NONE;
  }
  get dropped(): DroppedCounts {
    return this.rare?.dropped ?? NOTHING_DROPPED;
  }

  toJSON(): SpanData {
    const { traceId, spanId, parentSpanId, traceState, remoteParent, name, kind, start, end = start, scope } = this;
    const { status, attributes, annotations, messageEvents, links, dropped, childCount } = this;
    const ids = { traceId, spanId, parentSpanId, traceState, remoteParent };
    return {
      ...ids,
      name,
      kind,
      start,
      end,
      scope,
      status,
      attributes,
      annotations,
      messageEvents,
      links,
      dropped,
      childCount,
    };
  }

  /** The part for the few; made when it is first needed. */
  more(): Rare {
    this.rare ??= new Rare();
    return this.rare;
  }

  drop(what: keyof DroppedCounts, count: number): void {
    if (count > 0) this.more().dropped[what] += count;
  }
}

const BYTES_OF_A_SPAN = 200;

/** What a span counts as in a queue's bound: 200 bytes and twice the length of its strings. */
export function bytesOf({ name, message, list, notes, rare }: SpanRecord): number {
  let characters = name.length + (message?.length ?? 0);
  for (let i = 0; i < list.length; i++) characters += charactersOf(list[i]);
  if (notes) {
    for (let i = 0; i < notes.length; i++) {
      const { description, attributes } = notes[i] as Annotation;
      characters += description.length + charactersIn(attributes);
    }
  }
  if (rare) for (const link of rare.links) characters += 48 + charactersIn(link.attributes);
  return BYTES_OF_A_SPAN + 2 * characters;
}

function charactersIn(attributes: Attributes): number {
  let characters = 0;
  if (attributes !== NO_ATTRIBUTES)
    for (const key in attributes) characters += key.length + charactersOf(attributes[key]);
  return characters;
}

function charactersOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (!Array.isArray(value)) return 0;
  let characters = 0;
  for (const item of value) characters += typeof item === 'string' ? item.length : 4;
  return characters;
}
