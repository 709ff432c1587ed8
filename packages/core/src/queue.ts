import { Batch } from './batch.ts';
import type { DeliveryOptions, ExportCall, Exporter } from './contract.ts';
import type { SpanRecord } from './record.ts';
import type { SpanData } from './span.ts';

/** What delivery asks of a signal: where its items wait, and how they leave. They come in as `I`, and leave as `T`. */
export interface Signal<T, I = T> {
  readonly name: 'spans' | 'metrics';
  /** Why `push` drops items. */
  readonly whenPushed: 'queue-full' | 'superseded';
  /** Most items of one call. */
  readonly callItems: number;
  /** Most calls side by side. */
  readonly sideBySide: number;
  /** Whether batches keep their order, and their time for retries runs in outages too: one call at a time. */
  readonly inOrder: boolean;
  /** How many items wait for their first call. */
  readonly waiting: number;
  /** Adds what came in. Returns how many items were dropped for it, those that came in included. */
  push(incoming: I): number;
  /** When the next batch may go, in monotonic milliseconds; Infinity when nothing waits. */
  dueAt(callItems: number): number;
  /** Takes the next batch; its calls have at most `callItems`. */
  take(callItems: number, now: number): Batch<T> | undefined;
  /** Takes all that waits, to drop it. Returns how much that was. */
  clear(): number;
  /** Makes all that waits due at once and keeps it apart from what comes later. Returns the number of its last item. */
  cut(): number;
  /** How many of the waiting items have a number up to `mark`. */
  waitingUpTo(mark: number): number;
  /** Gives back the room of items that are settled. */
  release(items: readonly T[]): void;
  /** Makes the exporter's call. */
  send(items: readonly T[], call: ExportCall): Promise<void>;
  /** What an ExportError's `items` names. */
  idOf(item: T): unknown;
  /** For the report of one item. */
  nameOf(item: T): string;
}

/** Spans in the order of their ends, bounded by number and bytes; those that were taken count until they are settled. */
export class SpanQueue implements Signal<SpanRecord> {
  readonly name = 'spans';
  readonly whenPushed = 'queue-full';
  readonly inOrder = false;
  readonly callItems: number;
  readonly sideBySide: number;
  readonly #exporter: Exporter;
  readonly #mostItems: number;
  readonly #mostBytes: number;
  readonly #delayMs: number;
  readonly #dropOldest: boolean;
  readonly #now: () => number;
  #items: SpanRecord[] = [];
  #head = 0;
  /** How many have ever been taken or pushed out: the number of the item before the head. */
  #taken = 0;
  #held = 0;
  #bytes = 0;
  #waitingSince = 0;
  readonly #cuts: number[] = [];
  /** The bytes of each batch taken: summed then, when its spans are about to be read anyway. */
  readonly #bytesTaken = new WeakMap<readonly SpanRecord[], number>();

  constructor(exporter: Exporter, options: DeliveryOptions, now: () => number) {
    this.#exporter = exporter;
    this.callItems = atLeastOne(exporter.limits?.spans, options.batchItems);
    this.sideBySide = options.maxInFlight;
    this.#mostItems = options.queueItems;
    this.#mostBytes = options.queueBytes;
    this.#delayMs = options.batchDelayMs;
    this.#dropOldest = options.dropWhenFull === 'oldest';
    this.#now = now;
  }

  get waiting(): number {
    return this.#items.length - this.#head;
  }

  push(item: SpanRecord): number {
    let dropped = 0;
    if (item.bytes > this.#mostBytes) return 1;
    while (this.#held >= this.#mostItems || this.#bytes + item.bytes > this.#mostBytes) {
      if (!this.#dropOldest || this.waiting === 0) return dropped + 1;
      this.release([this.#items[this.#head] as SpanRecord]);
      this.#advance(1);
      dropped++;
    }
    if (this.waiting === 0) this.#waitingSince = this.#now();
    this.#items.push(item);
    this.#held++;
    this.#bytes += item.bytes;
    return dropped;
  }

  dueAt(callItems: number): number {
    if (this.waiting === 0) return Number.POSITIVE_INFINITY;
    if (this.waiting >= callItems || this.#cuts.length > 0) return 0;
    return this.#waitingSince + this.#delayMs;
  }

  take(callItems: number, now: number): Batch<SpanRecord> | undefined {
    const upTo = (this.#cuts[0] ?? Number.POSITIVE_INFINITY) - this.#taken;
    const items = this.#items.slice(this.#head, this.#head + Math.min(callItems, upTo, this.waiting));
    if (items.length === 0) return undefined;
    this.#advance(items.length);
    this.#waitingSince = now;
    this.#bytesTaken.set(items, bytesIn(items));
    return new Batch([{ items, isSuspect: false }], this.#taken);
  }

  clear(): number {
    const { waiting } = this;
    this.#advance(waiting);
    return waiting;
  }

  cut(): number {
    const mark = this.#taken + this.waiting;
    if (this.waiting > 0 && this.#cuts.at(-1) !== mark) this.#cuts.push(mark);
    return mark;
  }

  waitingUpTo(mark: number): number {
    return Math.max(0, Math.min(this.waiting, mark - this.#taken));
  }

  release(items: readonly SpanRecord[]): void {
    this.#held -= items.length;
    this.#bytes -= this.#bytesTaken.get(items) ?? bytesIn(items);
  }

  async send(spans: readonly SpanRecord[], call: ExportCall): Promise<void> {
    await this.#exporter.exportSpans?.(spans as readonly (SpanRecord & SpanData)[], call);
  }

  idOf(span: SpanRecord): SpanRecord {
    return span;
  }

  nameOf({ name, traceId, spanId }: SpanRecord): string {
    return `span '${name}' (trace ${traceId}, span ${spanId})`;
  }

  #advance(count: number): void {
    this.#head += count;
    this.#taken += count;
    while ((this.#cuts[0] ?? Number.POSITIVE_INFINITY) <= this.#taken) this.#cuts.shift();
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head >= 1_024 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }
}

function bytesIn(items: readonly SpanRecord[]): number {
  let bytes = 0;
  for (let i = 0; i < items.length; i++) bytes += (items[i] as SpanRecord).bytes;
  return bytes;
}

/** An exporter's limit within ours; ours when it is no number from 1. */
export function atLeastOne(limit: number | undefined, most: number): number {
  return typeof limit === 'number' && limit >= 1 ? Math.min(Math.floor(limit), most) : most;
}
