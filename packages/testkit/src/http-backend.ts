import type { Backend } from './backends.ts';
import type { Changes } from './changes.ts';
import type { HttpReceiver } from './receiver.ts';
import { type Answer, answering, type Behaviour, HttpServer } from './servers/http.ts';
import type { TcpOptions } from './servers/tcp.ts';

/** A backend that takes HTTP. */
export interface HttpBackend extends Backend {
  readonly server: HttpServer;
}

/** The answers of a backend, those included that its author need not define. */
export interface HttpAnswers {
  readonly unavailable: Answer;
  readonly tooLarge: Answer;
  readonly throttled: (retryAfter: string) => Answer;
}

/** The answers that a receiver need not define. */
export function answersOf({ unavailable, tooLarge, throttled }: HttpReceiver): HttpAnswers {
  return {
    unavailable: unavailable ?? { status: 503 },
    tooLarge: tooLarge ?? { status: 413 },
    throttled: throttled ?? ((retryAfter) => ({ status: 429, headers: { 'retry-after': retryAfter } })),
  };
}

/** Takes all of a request. */
export function acceptingOf({ accepted }: HttpReceiver): Behaviour {
  return {
    act(arrival) {
      arrival.take();
      arrival.answer(accepted);
    },
  };
}

/** Opens a backend that takes HTTP, and what comes. */
export async function httpBackend(
  receiver: HttpReceiver,
  changes: Changes,
  options: TcpOptions = {},
): Promise<HttpBackend> {
  const server = await HttpServer.open((request) => receiver.items(request), { changes, ...options });
  const accepting = acceptingOf(receiver);
  server.behave = accepting;
  const { host, port } = server.tcp;
  return {
    server,
    target: { url: `${options.tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}` },
    took: server.took,
    get items() {
      return server.items;
    },
    get unanswered() {
      return server.unanswered;
    },
    get unreadable() {
      return server.arrivals.map(({ unreadable }) => unreadable).filter((reason) => reason !== undefined);
    },
    accept() {
      server.behave = accepting;
    },
    stall() {
      server.behave = { act: () => {} };
    },
    close: () => server.tcp.close(),
    refuseLarge: () => server.next(answering(answersOf(receiver).tooLarge)),
    get connections() {
      return server.tcp.accepted;
    },
  };
}
