import type { AttributeValue, UnixMicros } from '@oc/core/exporter';
import { FittingList } from './json.ts';
import type { KnownAttributes } from './operation.ts';

/** A span in Datadog's terms; both versions of the wire format are made of it. */
export interface DatadogSpan {
  readonly service: string;
  readonly name: string;
  readonly resource: string;
  readonly type: string;
  /** As `readIds` reads them. */
  readonly ids: Int32Array;
  readonly start: UnixMicros;
  /** Microseconds. */
  readonly duration: number;
  readonly error: 0 | 1;
  readonly meta: Pairs<string>;
  readonly metrics: Pairs<number>;
  /** What belongs into `meta` too, unless it is empty. */
  readonly events: FittingList;
  readonly links: FittingList;
}

/** Keys and values, no key twice. */
export class Pairs<V> {
  /** Key, value, key, value: as far as `length` goes. */
  readonly list: (string | V)[] = [];
  length = 0;

  push(key: string, value: V): void {
    this.list[this.length] = key;
    this.list[this.length + 1] = value;
    this.length += 2;
  }
}

// Each serves one message after the other, which are made without a break.
const EVENTS = new FittingList();
const LINKS = new FittingList();

export const NOTHING_KNOWN: KnownAttributes = Object.freeze(Object.create(null));

/** A span in the making. One serves all spans of a message, one after the other. */
export class Draft implements DatadogSpan {
  service = '';
  name = '';
  resource = '';
  type = '';
  readonly ids: Int32Array = new Int32Array(8);
  start = 0;
  duration = 0;
  error: 0 | 1 = 0;
  readonly meta: Pairs<string> = new Pairs();
  readonly metrics: Pairs<number> = new Pairs();
  readonly events: FittingList = EVENTS;
  readonly links: FittingList = LINKS;
  /** The attributes that decide about others. */
  known: Record<string, AttributeValue | undefined> = NOTHING_KNOWN;
  /** The names that all spans of the message carry in `meta`. */
  readonly common: ReadonlySet<string>;

  constructor(common: ReadonlySet<string>) {
    this.common = common;
  }

  begin(service: string): void {
    this.service = service;
    this.name = '';
    this.resource = '';
    this.type = '';
    this.meta.length = 0;
    this.metrics.length = 0;
    this.known = NOTHING_KNOWN;
  }
}

/** Keeps an attribute in sight. */
export function remember(draft: Draft, value: AttributeValue, key: string): false {
  if (draft.known === NOTHING_KNOWN) draft.known = Object.create(null);
  draft.known[key] = value;
  return false;
}

/** Whether no attribute has that name, of those that are kept in sight. */
export function isMissing({ known }: Draft, key: string): boolean {
  return known === NOTHING_KNOWN || known[key] === undefined; // most spans have none, and looking into an object takes time
}
