import { telemetry } from '@oc/core';
import type { Exporter } from '@oc/core/exporter';
import { Changes } from './changes.ts';
import { HARNESS, type Outcome, type ProgramOptions, Programs } from './child.ts';
import { holds, same } from './claim.ts';
import { ManualClock } from './clock.ts';
import type { ExporterCheck, Target } from './conformance.ts';
import type { HttpReceiver, Item, Signal } from './receiver.ts';
import { type Answer, type Behaviour, HttpServer } from './servers/http.ts';
import { FaultStream } from './servers/stream.ts';
import type { TcpOptions } from './servers/tcp.ts';
import { Subject, type SubjectOptions } from './subject.ts';

/** Where the exporter under test sends to, whatever its transport is. */
export interface Backend {
  readonly target: Target;
  /** How often each id was taken. */
  readonly took: ReadonlyMap<string, number>;
  /** All items that came, taken or not. */
  readonly items: readonly Item[];
  /** Calls that it holds without an answer. */
  readonly unanswered: number;
  /** Why something that came could not be read. */
  readonly unreadable: unknown;
  /** From now on it takes what comes. */
  accept(): void;
  /** From now on it says nothing. */
  stall(): void;
}

/** A backend that takes HTTP. */
export interface HttpBackend extends Backend {
  readonly server: HttpServer;
}

/** Where one row runs: opens what it needs, and closes all of it at the end. */
export class Lab {
  readonly check: ExporterCheck;
  readonly signal: Signal;
  readonly changes: Changes = new Changes();
  #clock: ManualClock | undefined;
  readonly #subjects: Subject[] = [];
  readonly #backends: Backend[] = [];
  readonly #ends: (() => unknown)[] = [];
  #programs: Programs | undefined;

  constructor(check: ExporterCheck, signal: Signal) {
    this.check = check;
    this.signal = signal;
  }

  /** How the backend answers. Only for rows that apply to HTTP. */
  get receiver(): HttpReceiver {
    return this.check.receiver as HttpReceiver;
  }

  /** The answers that a receiver need not define. */
  get answers(): { unavailable: Answer; tooLarge: Answer; throttled: (retryAfter: string) => Answer } {
    const {
      unavailable = { status: 503 },
      tooLarge = { status: 413 },
      throttled = (retryAfter: string): Answer => ({ status: 429, headers: { 'retry-after': retryAfter } }),
    } = this.receiver;
    return { unavailable, tooLarge, throttled };
  }

  /** Takes all of a request. */
  get accepting(): Behaviour {
    const { accepted } = this.receiver;
    return {
      act(arrival) {
        arrival.take();
        arrival.answer(accepted);
      },
    };
  }

  /** Whether the items of this signal must not be sent twice. */
  get isOnce(): boolean {
    return this.check.receiver.transport === 'http' && (this.check.receiver.once?.includes(this.signal) ?? false);
  }

  /** From now on time stands still but for `until` and `pass`. */
  stopTime(): ManualClock {
    this.#clock ??= new ManualClock();
    return this.#clock;
  }

  /** Called at the end, the last one first. */
  onEnd(end: () => unknown): void {
    this.#ends.push(end);
  }

  /** Opens an HTTP server that takes what comes. */
  async http(options: TcpOptions = {}): Promise<HttpBackend> {
    const { receiver, changes, accepting } = this;
    const server = await HttpServer.open((request) => receiver.items(request), { changes, ...options });
    server.behave = accepting;
    this.onEnd(() => server.tcp.close());
    const { host, port } = server.tcp;
    const backend: HttpBackend = {
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
        return server.arrivals.find(({ unreadable }) => unreadable !== undefined)?.unreadable;
      },
      accept() {
        server.behave = accepting;
      },
      stall() {
        server.behave = { act: () => {} };
      },
    };
    this.#backends.push(backend);
    return backend;
  }

  /** Opens what this exporter sends to, and which takes what comes. */
  async backend(): Promise<Backend> {
    const { receiver } = this.check;
    if (receiver.transport === 'http') return this.http();
    const stream = new FaultStream((text) => receiver.items(text), this.changes);
    const backend: Backend = {
      target: { stream },
      took: stream.took,
      items: stream.items,
      get unanswered() {
        return stream.unanswered;
      },
      get unreadable() {
        return stream.unreadable;
      },
      accept: () => stream.flow(),
      stall() {
        stream.isStalled = true;
      },
    };
    this.#backends.push(backend);
    return backend;
  }

  /** Makes the exporter under test. */
  make(target: Target): Exporter {
    return this.check.make(target);
  }

  /** Starts a telemetry with the exporter under test. Batches of few items go at once when time is real. */
  open(to: Backend | Target, options: SubjectOptions = {}): Subject {
    const target = 'target' in to ? to.target : to;
    const clock = this.#clock;
    const delivery = clock ? { batchDelayMs: 1_000, maxInFlight: 4 } : { batchDelayMs: 10, maxInFlight: 4 };
    const all = { ...options, ...(clock && { clock }), delivery: { ...delivery, ...options.delivery } };
    const subject = new Subject(this.signal, this.make(target), all, this.changes, this.check.telemetry ?? telemetry);
    this.#subjects.push(subject);
    return subject;
  }

  get #isBusy(): boolean {
    const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
    return sum(this.#subjects.map(({ running }) => running)) > sum(this.#backends.map(({ unanswered }) => unanswered));
  }

  /** Waits until something holds, moving time if it stands still. @throws when it does not come to hold. */
  async until(what: string, condition: () => boolean, seen?: () => unknown): Promise<void> {
    const held = this.#clock
      ? await this.#clock.until(condition, () => this.#isBusy)
      : await this.changes.until(condition);
    holds(`${what}: it did not happen`, held, seen?.());
  }

  /** Lets time pass that stands still. */
  async pass(ms: number): Promise<void> {
    await this.#clock?.pass(ms, () => this.#isBusy);
  }

  /** Waits until all that was accepted is delivered or dropped. */
  async settled(subject: Subject): Promise<void> {
    await this.until(
      'everything is delivered or counted as dropped',
      () => subject.isSettled,
      () => subject.figures(),
    );
  }

  /** Claims that the receiver's `items` could read all that came. */
  readAll(): void {
    const reasons = this.#backends.map(({ unreadable }) => unreadable).filter((reason) => reason !== undefined);
    same('why the items of what came could not be read', reasons.map(String), []);
  }

  /** Claims that each id was taken once, and no other was. */
  tookOnce(backend: Backend, ids: readonly string[]): void {
    same('the backend took each item once', sorted(backend.took), sorted(new Map(ids.map((id) => [id, 1]))));
  }

  /** Claims what became of all items, and that the account is even. */
  accountIs(subject: Subject, delivered: number, dropped: Partial<Record<string, number>> = {}): void {
    const account = subject.account();
    same(
      'the account of what became of the items',
      { delivered: account.delivered, dropped: account.dropped },
      {
        delivered,
        dropped,
      },
    );
    same('items that the account has lost sight of', subject.imbalance(), 0);
  }

  /** Runs a program of its own process: it has the names of the harness, and `target`. */
  async run(
    program: string,
    options: ProgramOptions & { readonly targets?: unknown; readonly target?: Target } = {},
  ): Promise<Outcome> {
    const { signal } = this;
    const names = `{ make, open, record, say, point, figures, watched, signal, target, targets }`;
    const imports =
      options.extension === '.cjs'
        ? `const ${names} = require('./harness.mjs');`
        : `import ${names} from './harness.mjs';`;
    const { target = {}, targets = {} } = options;
    const env = { ...options.env, OC_TESTKIT: JSON.stringify({ signal, target, targets }) };
    return this.#folder.run(`${imports}\n${program}`, { ...options, env });
  }

  /** Puts a file beside the programs; returns its path. */
  file(name: string, content: string): string {
    return this.#folder.put(name, content);
  }

  get #folder(): Programs {
    this.#programs ??= new Programs({ 'subject.mjs': this.check.program, 'harness.mjs': HARNESS });
    return this.#programs;
  }

  /** A name for each item that programs have made and the backend has: `s0`, `s1`, ..., sorted. */
  namesIn(items: readonly Item[]): readonly string[] {
    return items.map(({ id, name }) => (this.signal === 'spans' ? name : id)).sort();
  }

  /** Closes all. */
  async end(): Promise<void> {
    const closing = Promise.all(this.#subjects.map(({ oc }) => oc.shutdown({ withinMs: 20 })));
    let isClosed = false;
    const closed = closing.then(
      () => {
        isClosed = true;
      },
      () => {},
    );
    for (const end of this.#ends.reverse()) await end();
    // A telemetry that breaks its promises may not end.
    const late = new Promise((resolve) => setTimeout(resolve, 1_000).unref());
    await Promise.race([this.#clock ? this.#clock.until(() => isClosed) : closed, late]);
    this.#programs?.remove();
  }
}

function sorted(took: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...took].sort(([one], [other]) => (one < other ? -1 : 1));
}
