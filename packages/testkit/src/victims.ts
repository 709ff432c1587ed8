import { constants } from 'node:http2';
import type { Backend } from './backends.ts';
import type { Lab } from './lab.ts';
import type { Item, PartVerdict } from './receiver.ts';
import type { GrpcAnswer } from './servers/grpc.ts';
import type { Answer } from './servers/http.ts';

/** How a backend may refuse what has come. */
export type Refusal = 'unavailable' | 'throttled' | 'too large' | 'poisoned' | 'denied' | 'a page' | 'elsewhere';

/** What has come, whatever it came over. */
export interface Delivery {
  readonly items: readonly Item[];
  take(ids?: readonly string[]): void;
  /** Takes all of it, and says so. */
  accept(): void;
  refuse(how: Refusal): void;
  /** Takes a part, and says so. */
  takePart?(verdict: PartVerdict): void;
  /** Resets the connection. */
  drop(): void;
}

/** A backend that can be made to do harm. */
export interface Victim {
  readonly backend: Backend & { readonly taken: readonly Item[] };
  /** Whether it refuses a whole call for an item in it. */
  readonly isPicky: boolean;
  meet(treat: (delivery: Delivery) => void): void;
}

/** Opens a backend of the exporter's transport. */
export async function victimOf(lab: Lab): Promise<Victim> {
  return lab.check.receiver.transport === 'grpc' ? grpcVictim(lab) : httpVictim(lab);
}

async function httpVictim(lab: Lab): Promise<Victim> {
  const { answers, receiver, accepting } = lab;
  const { poisoned, partial } = receiver;
  const refusals: Readonly<Record<Refusal, Answer>> = {
    unavailable: answers.unavailable,
    throttled: answers.throttled('3'),
    'too large': answers.tooLarge,
    poisoned: poisoned ?? answers.tooLarge,
    denied: { status: 401 },
    'a page': { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' },
    elsewhere: { status: 307, headers: { location: 'http://127.0.0.1:9/' } },
  };
  const backend = await lab.http();
  const { server } = backend;
  return {
    backend: Object.assign(backend, { taken: server.taken }),
    isPicky: poisoned !== undefined,
    meet(treat) {
      server.behave = {
        act: (arrival) =>
          treat({
            items: arrival.items,
            take: (ids) => arrival.take(ids),
            accept: () => accepting.act(arrival),
            refuse: (how) => arrival.answer(refusals[how]),
            ...(partial && { takePart: (verdict) => arrival.answer(partial(verdict)) }),
            drop: () => arrival.reset(),
          }),
      };
    },
  };
}

async function grpcVictim(lab: Lab): Promise<Victim> {
  const { partial, poisoned } = lab.calling;
  const backend = await lab.grpc();
  const { answers, accepting, grpc } = backend;
  const refusals: Readonly<Record<Refusal, GrpcAnswer>> = {
    unavailable: answers.unavailable,
    throttled: answers.throttled(3),
    'too large': answers.tooLarge,
    poisoned: poisoned ?? answers.tooLarge,
    denied: { status: 16 },
    'a page': { status: 12 },
    elsewhere: { status: 7 },
  };
  return {
    backend: Object.assign(backend, { taken: grpc.taken }),
    isPicky: poisoned !== undefined,
    meet(treat) {
      grpc.behave = {
        act: (arrival) =>
          treat({
            items: arrival.items,
            take: (ids) => arrival.take(ids),
            accept: () => accepting.act(arrival),
            refuse: (how) => arrival.end(refusals[how]),
            ...(partial && {
              takePart({ accepted, rejected, retryable }) {
                arrival.take(retryable.map(({ id }) => id)); // over gRPC nothing is to be sent again
                arrival.accept(partial({ accepted: [...accepted, ...retryable], rejected, retryable: [] }));
              },
            }),
            // Not the connection, which carries others' answers as well.
            drop: () => arrival.resetStream(constants.NGHTTP2_CANCEL),
          }),
      };
    },
  };
}
