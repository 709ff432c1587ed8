import { type AttributeList, NO_ATTRIBUTES, put, putAll, recordOf, textOf } from './attributes.ts';
import { microsOf, type Stamps } from './clock.ts';
import type { SpanListener } from './contract.ts';
import type { Delivery } from './delivery.ts';
import { validSpanId, validTraceId, validTraceState } from './ids.ts';
import { bytesOf, RUNNING, type SpanRecord } from './record.ts';
import type { Limits } from './settings.ts';
import {
  type Attributes,
  type AttributesInput,
  type Link,
  type LinkType,
  type MessageEvent,
  type Span,
  type SpanContext,
  type SpanData,
  STATUS_CODES,
  type StatusCode,
  type Time,
} from './span.ts';

/** What all spans of one telemetry share. */
export interface Recorder {
  readonly stamps: Stamps;
  readonly limits: Limits;
  /** One for each exporter that takes spans. */
  readonly deliveries: readonly Delivery<SpanRecord>[];
  /** Hears of every span, unsampled ones too, and never throws; undefined when nobody watches. */
  readonly watcher: SpanListener | undefined;
}

const ATTRIBUTE_OF_CLAMPED_END = 'oc.end_before_start';

/** The span that an application holds. It keeps its data in a record, which is what exporters get. */
export class RecordingSpan implements Span {
  readonly record: SpanRecord;
  readonly recorder: Recorder;

  constructor(record: SpanRecord, recorder: Recorder) {
    this.record = record;
    this.recorder = recorder;
  }

  get context(): SpanContext {
    const { traceId, spanId, sampled, traceState } = this.record;
    return traceState === undefined ? { traceId, spanId, sampled } : { traceId, spanId, sampled, traceState };
  }

  get recording(): boolean {
    return this.record.ended === RUNNING;
  }

  setAttribute(key: string, value: unknown): this {
    const { record } = this;
    if (record.ended === RUNNING) record.drop('attributes', put(record.list, key, value, this.recorder.limits));
    return this;
  }

  setAttributes(attributes: AttributesInput): this {
    const { record } = this;
    if (record.ended === RUNNING) record.drop('attributes', putAll(record.list, attributes, this.recorder.limits));
    return this;
  }

  annotate(description: string, attributes?: AttributesInput): this {
    if (this.recording) this.note(textOf(description, this.recorder.limits.valueLength), this.snapshot(attributes));
    return this;
  }

  recordError(error: unknown): this {
    if (!this.recording) return this;
    const { limits } = this.recorder;
    const isObject = typeof error === 'object' && error !== null;
    const list: AttributeList = [];
    const dropped = putAll(
      list,
      {
        'exception.type': isObject ? (stringMember(error, 'name') ?? 'Error') : typeof error,
        'exception.message': isObject ? stringMember(error, 'message') : textOf(error, limits.valueLength),
      },
      limits,
    );
    const stack = isObject ? stringMember(error, 'stack') : undefined;
    const ofStack = put(list, 'exception.stacktrace', stack, { ...limits, valueLength: limits.stackLength });
    this.record.drop('attributes', dropped + ofStack);
    return this.note('exception', recordOf(list));
  }

  messageEvent(event: Omit<MessageEvent, 'time'>): this {
    const { record } = this;
    if (record.ended !== RUNNING) return this;
    const { type, id, uncompressedBytes, compressedBytes } = membersOf(
      event,
      'type',
      'id',
      'uncompressedBytes',
      'compressedBytes',
    );
    if (type !== 'sent' && type !== 'received') {
      record.drop('messageEvents', 1);
      return this;
    }
    const clean = {
      time: record.trace.wall + this.elapsed(),
      type,
      id: wholeNumber(id) ?? 0,
      uncompressedBytes: wholeNumber(uncompressedBytes),
      compressedBytes: wholeNumber(compressedBytes),
    };
    record.drop('messageEvents', keepNewest(record.more().messageEvents, clean, this.recorder.limits.messageEvents));
    return this;
  }

  link(context: SpanContext, type: LinkType = 'unspecified', attributes?: AttributesInput): this {
    const { record } = this;
    if (record.ended !== RUNNING) return this;
    const { traceId, spanId, traceState } = membersOf(context, 'traceId', 'spanId', 'traceState');
    const trace = validTraceId(traceId);
    const span = validSpanId(spanId);
    if (!trace || !span) {
      record.drop('links', 1);
      return this;
    }
    const kind = type === 'child' || type === 'parent' ? type : 'unspecified';
    const link = { traceId: trace, spanId: span, type: kind, attributes: this.snapshot(attributes) } as const;
    const { links } = record.more();
    const state = validTraceState(traceState);
    const whole: Link = state === undefined ? link : { ...link, traceState: state };
    record.drop('links', keepNewest(links, whole, this.recorder.limits.links));
    return this;
  }

  setStatus(code: StatusCode, message?: string): this {
    const { record } = this;
    if (record.ended !== RUNNING) return this;
    const number = STATUS_CODES.indexOf(code);
    record.code = number < 0 ? STATUS_CODES.indexOf('UNKNOWN') : number;
    record.message = message === undefined ? undefined : textOf(message, this.recorder.limits.valueLength);
    return this;
  }

  setName(name: string): this {
    if (this.record.ended === RUNNING) this.record.name = textOf(name, this.recorder.limits.nameLength);
    return this;
  }

  end(at?: Time): void {
    const { record } = this;
    if (record.ended !== RUNNING) return;
    const { deliveries, watcher } = this.recorder;
    const given = at === undefined ? undefined : microsOf(at);
    const duration = (given === undefined ? this.elapsed() : given - record.trace.wall) - record.started;
    if (duration < 0) {
      this.setAttribute(ATTRIBUTE_OF_CLAMPED_END, true);
      record.ended = 0;
    } else {
      record.ended = duration;
    }
    if (record.sampled && deliveries.length > 0) {
      record.bytes = bytesOf(record);
      // By index, here and wherever each span passes: an iterator is an object.
      for (let i = 0; i < deliveries.length; i++) deliveries[i]?.accept(record);
    }
    watcher?.end(record as SpanRecord & SpanData, record.sampled);
  }

  // Not #private: V8 keeps a mark of private methods in each instance.
  private note(description: string, attributes: Attributes): this {
    const { record } = this;
    const note = { time: record.trace.wall + this.elapsed(), description, attributes };
    const { annotations } = this.recorder.limits;
    if (record.notes) record.drop('annotations', keepNewest(record.notes, note, annotations));
    else if (annotations > 0)
      record.notes = [note]; // a literal has no room to spare, a pushed-to array has 17 places
    else record.drop('annotations', 1);
    return this;
  }

  /** Whole microseconds since the trace's first span. */
  private elapsed(): number {
    const { trace } = this.record;
    return Math.floor((this.recorder.stamps.clock.monotonic() - trace.monotonic) * 1_000);
  }

  private snapshot(attributes: AttributesInput | undefined): Attributes {
    if (attributes === undefined) return NO_ATTRIBUTES;
    const list: AttributeList = [];
    this.record.drop('attributes', putAll(list, attributes, this.recorder.limits));
    return recordOf(list);
  }
}

/** What a thrown thing says: its message, or itself when it is a string. Never throws. */
export function messageOf(error: unknown): string | undefined {
  if (typeof error === 'object' && error !== null) return stringMember(error, 'message');
  return typeof error === 'string' ? error : undefined;
}

/** A member of a thrown thing; undefined when it is no string or reading it throws. */
function stringMember(error: object, member: string): string | undefined {
  try {
    const value = (error as Record<string, unknown>)[member];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Some members of what a caller gave, each read once; undefined when that throws. */
function membersOf<T extends object, K extends keyof T>(given: T, ...names: readonly K[]): Partial<Pick<T, K>> {
  try {
    const read: Partial<Pick<T, K>> = {};
    for (const name of names) read[name] = given[name];
    return read;
  } catch {
    return {};
  }
}

/** Appends, and lets the oldest go when there are too many. Returns how many went. */
function keepNewest<T>(items: T[], item: T, most: number): number {
  items.push(item);
  if (items.length <= most) return 0;
  items.shift();
  return 1;
}

function wholeNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
