import type { ExportFailure } from '@oc/core/exporter';
import type { Answer, ReceivedRequest } from './servers/http.ts';

/** One kind of item. */
export type Signal = 'spans' | 'metrics';

/** An item as it was read back out of what an exporter sent. What the format does not carry is left out. */
export interface Item {
  /** Of a span its id as 16 hex digits; of a time series the value of its label `id`. */
  readonly id: string;
  /** The span's name, or the metric's. */
  readonly name: string;
  /** Attributes, or labels. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Hex digits. */
  readonly traceId?: string | undefined;
  /** Hex digits. */
  readonly parentId?: string | undefined;
  /** Microseconds since 1970. */
  readonly start?: number | undefined;
  /** Microseconds since 1970. */
  readonly end?: number | undefined;
  /** Of a time series that is a number, the number. */
  readonly value?: unknown;
}

/** What a backend says to a part of a call. */
export interface PartVerdict {
  readonly accepted: readonly Item[];
  /** Refused for good. */
  readonly rejected: readonly Item[];
  /** To be sent again. */
  readonly retryable: readonly Item[];
}

/** How a backend that takes HTTP requests answers. */
export interface HttpReceiver {
  readonly transport: 'http';
  /** Reads the items back out of a request. */
  items(request: ReceivedRequest): readonly Item[];
  /** All was taken. */
  readonly accepted: Answer;
  /** Come back later; `retryAfter` is for the header. Default: 429 with Retry-After. */
  readonly throttled?: ((retryAfter: string) => Answer) | undefined;
  /** Not now. Default: 503. */
  readonly unavailable?: Answer | undefined;
  /** The request is too large. Default: 413. */
  readonly tooLarge?: Answer | undefined;
  /** Refused for some item in it, without saying which. Default: this backend does not do so. */
  readonly poisoned?: Answer | undefined;
  /** Some were taken, others not. Default: this backend takes all of a request or nothing. */
  readonly partial?: ((verdict: PartVerdict) => Answer) | undefined;
  /** What a status from 200 to 206 means where it is not plain acceptance. */
  readonly meanings?: Readonly<Record<number, ExportFailure>> | undefined;
  /** Signals that may not be sent twice, so that a lost answer leaves them 'unconfirmed'. Default: none. */
  readonly once?: readonly Signal[] | undefined;
}

/** How lines come out of an exporter that writes to a stream. */
export interface StreamReceiver {
  readonly transport: 'stream';
  /** Reads the items back out of what was written. */
  items(text: string): readonly Item[];
}
