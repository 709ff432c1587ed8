import type { Exporter, ExportFailure } from '@oc/core/exporter';
import type { GrpcAnswer, GrpcMessage } from './servers/grpc.ts';
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

/** How requests look that a backend takes; what is left out is not looked at. */
export interface RequestShape {
  /** 'POST'. */
  readonly method?: string | undefined;
  /** '/api/v2/spans', or one for each signal. A query is looked at where it has one. */
  readonly path?: string | Readonly<Partial<Record<Signal, string>>> | undefined;
  /** 'application/json', in lower case; parameters are not looked at. */
  readonly contentType?: string | undefined;
}

/** How a backend that takes HTTP requests answers. */
export interface HttpReceiver {
  readonly transport: 'http';
  /** Reads the items back out of a request. */
  items(request: ReceivedRequest): readonly Item[];
  /** How each request has to look. Default: nothing but `items` looks at it. */
  readonly request?: RequestShape | undefined;
  /** Reads the name of the service out of a request. Default: it is not looked at. */
  readonly service?: ((request: ReceivedRequest) => string | undefined) | undefined;
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

/** How datagrams come out of an exporter. Nothing answers them: what the system took counts as delivered. */
export interface UdpReceiver {
  readonly transport: 'udp';
  /** Reads the items back out of a datagram. */
  items(datagram: Buffer): readonly Item[];
  /** Signals that go as increases, so that nothing of them may be counted twice. Default: none. */
  readonly once?: readonly Signal[] | undefined;
}

/** How a backend that takes gRPC calls answers: unary ones, and streams of messages. */
export interface GrpcReceiver {
  readonly transport: 'grpc';
  /** Reads the items back out of a message; throws for what the backend would not understand, such as a wrong path. */
  items(message: GrpcMessage): readonly Item[];
  /**
   * What says that all of a message was taken: the bytes of a reply, to each message, unary or streamed; 'ended', when
   * nothing is said before the client ends its stream and status OK is the yes; or 'written', when the exporter does not
   * wait for any answer, so that what it has written counts as delivered.
   */
  readonly accepted: Uint8Array | 'ended' | 'written';
  /** Come back in so many seconds. Default: RESOURCE_EXHAUSTED with a RetryInfo among its details. */
  readonly throttled?: ((seconds: number) => GrpcAnswer) | undefined;
  /** Not now. Default: UNAVAILABLE. */
  readonly unavailable?: GrpcAnswer | undefined;
  /** The message is too large. Default: RESOURCE_EXHAUSTED 'grpc: received message larger than max (...)'. */
  readonly tooLarge?: GrpcAnswer | undefined;
  /** Refused for some item in it, without saying which. Default: this backend does not do so. */
  readonly poisoned?: GrpcAnswer | undefined;
  /** The reply when some were refused for good and the others taken. Default: this backend takes all or nothing. */
  readonly partial?: ((verdict: PartVerdict) => Uint8Array) | undefined;
  /**
   * What statuses mean, by number, where it is not the usual: 1, 4, 10, 11, 14 and 15 'unavailable'; 7, 12 and 16
   * 'misconfigured'; all others, 8 without a RetryInfo too, 'rejected'.
   */
  readonly meanings?: Readonly<Record<number, ExportFailure>> | undefined;
  /** Signals that may not be sent twice, so that a lost answer leaves them 'unconfirmed'. Default: none. */
  readonly once?: readonly Signal[] | undefined;
}

/** How an exporter is read that listens for readers: scrapers, browsers. */
export interface PullReceiver {
  readonly transport: 'pull';
  /** What is read: '/metrics'. */
  readonly path: string;
  /** Where it listens, once it has started; undefined while it does not. Programs export the same beside `make`. */
  address(exporter: Exporter): { readonly host: string; readonly port: number } | undefined;
  /** Reads the items back out of the answer at `path`. Default: it is for people, and rows about data are left out. */
  items?(text: string): readonly Item[];
  /** Paths of pages for browsers: ['/tracez', '/statsz']. Default: none. */
  readonly pages?: readonly string[] | undefined;
}

/** How the other side of an exporter behaves. */
export type Receiver = HttpReceiver | StreamReceiver | UdpReceiver | GrpcReceiver | PullReceiver;
