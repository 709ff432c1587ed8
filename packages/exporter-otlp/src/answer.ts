import { type RpcStatus, rpcStatusOf } from '@oc/core/exporter';
import { fieldsOf } from './protobuf/reader.ts';

/** What a server says beside its yes. */
export interface PartialSuccess {
  /** How many items it refused for good; they must not be sent again. */
  readonly rejected: number;
  readonly message: string;
}

const OPENING_BRACE = 0x7b;
const RETRY_INFO = '/google.rpc.RetryInfo';

/** The partial success in a 200's body, in protobuf or JSON. @throws when it can be read as neither. */
export function partialSuccessIn(body: Uint8Array): PartialSuccess {
  if (body[0] !== OPENING_BRACE) {
    const partial = fieldsOf(bytesOf(fieldsOf(body).get(1)));
    return { rejected: numberOf(partial.get(1)), message: textOf(partial.get(2)) };
  }
  const { partialSuccess } = JSON.parse(textOf(body)) as { partialSuccess?: Readonly<Record<string, unknown>> };
  const { rejectedSpans, rejectedDataPoints, errorMessage = '' } = partialSuccess ?? {};
  return { rejected: numberOf(rejectedSpans ?? rejectedDataPoints), message: String(errorMessage) };
}

/** The status in the body of a refusal, in protobuf or JSON; undefined for other text. Never throws. */
export function refusalIn(body: Uint8Array): RpcStatus | undefined {
  if (body[0] !== OPENING_BRACE) return rpcStatusOf(body);
  try {
    return statusInJson(textOf(body));
  } catch {
    return undefined; // a proxy's words
  }
}

function statusInJson(text: string): RpcStatus | undefined {
  const { message, details = [] } = JSON.parse(text) as {
    message?: unknown;
    details?: readonly { readonly '@type'?: string; readonly retryDelay?: string }[];
  };
  if (typeof message !== 'string') return undefined;
  const info = details.find(({ '@type': type }) => type?.endsWith(RETRY_INFO));
  const [, seconds] = /^(\d+(?:\.\d+)?)s$/.exec(info?.retryDelay ?? '') ?? [];
  return { message, retryAfterMs: seconds === undefined ? undefined : Number(seconds) * 1_000 };
}

/** A count: 64-bit ones are text in JSON. What is none, or below zero, is 0. */
function numberOf(value: unknown): number {
  const number = Number(value);
  return number > 0 && number <= Number.MAX_SAFE_INTEGER ? number : 0;
}

function bytesOf(value: number | Uint8Array | undefined): Uint8Array {
  if (typeof value === 'number') throw new Error('a number where a message belongs');
  return value ?? new Uint8Array();
}

function textOf(value: number | Uint8Array | undefined): string {
  return Buffer.from(bytesOf(value)).toString();
}
