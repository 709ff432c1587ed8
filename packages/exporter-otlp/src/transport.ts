import { type ExportCall, ExportError } from '@oc/core/exporter';
import type { PartialSuccess } from './answer.ts';
import type { Destination } from './destination.ts';

/** An encoded request. */
export interface Message {
  readonly bytes: Uint8Array;
  /** How many spans or time series are in it. */
  readonly items: number;
  /** True when it must not be sent twice: a lost answer is then 'unconfirmed'. */
  readonly once: boolean;
}

/** One way to one destination. */
export interface Transport {
  /** Sends one message and rejects with an ExportError unless all of it was accepted. */
  send(message: Message, call: ExportCall): Promise<void>;
  close(): void;
}

/** A call whose deadline is not later than that of its destination. */
export function within(call: ExportCall, timeoutMs: number): ExportCall {
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(timeoutMs)]);
  return { resource: call.resource, signal, warn: (message) => call.warn(message) };
}

/** Tells what was refused beside a yes. The refused items must not be sent again, and nobody says which they are. */
export function tellPartial(
  act: string,
  readPartial: () => PartialSuccess,
  items: number,
  call: ExportCall,
  clean: (text: string) => string,
): void {
  let partial: PartialSuccess;
  try {
    partial = readPartial();
  } catch {
    call.warn(`${act} accepted it, with an answer that cannot be read`);
    return;
  }
  const message = clean(partial.message);
  if (partial.rejected > 0) {
    const count = Math.min(partial.rejected, items);
    throw new ExportError('rejected', `${act} refused ${count} of ${items}${message && `: ${message}`}`, { count });
  }
  if (message) call.warn(`${act} accepted it and says: ${message}`);
}

const PORT_OF_THE_OTHER = { 'http/protobuf': '4317', 'http/json': '4317', grpc: '4318' } as const;
const OTHER = { '4317': 'gRPC', '4318': 'HTTP' } as const;

/** A failure of the connection, with what may be the cause: the usual mistake with OTLP's two ports. */
export function hinted(error: unknown, { protocol, url }: Destination): unknown {
  const port = PORT_OF_THE_OTHER[protocol];
  if (url.port !== port || !(error instanceof ExportError)) return error;
  const { failure, message, retryAfterMs, cause } = error;
  const hint = `port ${port} is by custom that of OTLP over ${OTHER[port]}, and 'protocol' is '${protocol}'`;
  return new ExportError(failure, `${message} (${hint})`, { retryAfterMs, cause });
}
