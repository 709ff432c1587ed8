import { AssertionError } from 'node:assert/strict';
import { telemetry } from '@oc/core';
import type { Exporter } from '@oc/core/exporter';
import {
  type Backend,
  type GrpcBackend,
  grpcBackend,
  type PullBackend,
  pullBackend,
  streamBackend,
  type UdpBackend,
  udpBackend,
} from './backends.ts';
import { Changes } from './changes.ts';
import type { Outcome } from './child.ts';
import { eachOnce, holds, same } from './claim.ts';
import { ManualClock } from './clock.ts';
import type { ExporterCheck, Target } from './conformance.ts';
import { acceptingOf, answersOf, type HttpAnswers, type HttpBackend, httpBackend } from './http-backend.ts';
import { lastLines, type RowProgramOptions, RowPrograms } from './program.ts';
import type { GrpcReceiver, HttpReceiver, Item, PullReceiver, Signal, UdpReceiver } from './receiver.ts';
import type { Behaviour } from './servers/http.ts';
import { type Address, type ReadAnswer, type ReadHeaders, readAt } from './servers/reader.ts';
import type { TcpOptions } from './servers/tcp.ts';
import { Subject, type SubjectOptions } from './subject.ts';

/** Where one row runs: opens what it needs, and closes all of it at the end. */
export class Lab {
  readonly check: ExporterCheck;
  readonly signal: Signal;
  readonly changes: Changes = new Changes();
  #clock: ManualClock | undefined;
  readonly #subjects: Subject[] = [];
  readonly #backends: Backend[] = [];
  readonly #ends: (() => unknown)[] = [];
  readonly #programs: RowPrograms;
  readonly #listening = new Map<Subject, { readonly exporter: Exporter; readonly backend: PullBackend | undefined }>();

  constructor(check: ExporterCheck, signal: Signal) {
    this.check = check;
    this.signal = signal;
    this.#programs = new RowPrograms(check, signal);
  }

  /** How the backend answers. Only for rows that apply to HTTP. */
  get receiver(): HttpReceiver {
    return this.check.receiver as HttpReceiver;
  }

  /** Whether the items of this signal must not be sent twice. */
  get isOnce(): boolean {
    const { receiver } = this.check;
    return 'once' in receiver && (receiver.once?.includes(this.signal) ?? false);
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

  /** The answers that a receiver need not define. Only for rows that apply to HTTP. */
  get answers(): HttpAnswers {
    return answersOf(this.receiver);
  }

  /** Takes all of a request. Only for rows that apply to HTTP. */
  get accepting(): Behaviour {
    return acceptingOf(this.receiver);
  }

  /** Opens an HTTP server that takes what comes. */
  async http(options: TcpOptions = {}): Promise<HttpBackend> {
    return this.#opened(await httpBackend(this.receiver, this.changes, options));
  }

  /** Opens what this exporter sends to, and which takes what comes. */
  async backend(): Promise<Backend> {
    const { receiver } = this.check;
    if (receiver.transport === 'http') return this.http();
    if (receiver.transport === 'grpc') return this.grpc();
    if (receiver.transport === 'udp') return this.udp();
    if (receiver.transport === 'pull') return this.#opened(pullBackend());
    return this.#opened(streamBackend(receiver, this.changes));
  }

  /** Opens a port that takes datagrams. Only for rows that apply to UDP. */
  async udp(): Promise<UdpBackend> {
    return this.#opened(await udpBackend(this.check.receiver as UdpReceiver, this.changes));
  }

  /** Opens a server that takes gRPC, and what comes. Only for rows that apply to gRPC. */
  async grpc(options: TcpOptions = {}): Promise<GrpcBackend> {
    return this.#opened(await grpcBackend(this.calling, this.changes, options));
  }

  /** How calls are answered. Only for rows that apply to gRPC. */
  get calling(): GrpcReceiver {
    return this.check.receiver as GrpcReceiver;
  }

  /** How the exporter is read. Only for rows that apply to exporters that are read. */
  get reading(): PullReceiver {
    return this.check.receiver as PullReceiver;
  }

  /** Where the exporter of a telemetry listens. Only for rows that apply to exporters that are read. */
  async addressOf(subject: Subject): Promise<Address> {
    await subject.oc.ready;
    const { exporter } = this.#listening.get(subject) ?? {};
    const address = exporter && this.reading.address(exporter);
    if (!address) throw new AssertionError({ message: `it listens; it was told: ${subject.messages.join('; ')}` });
    return address;
  }

  /** Reads a path of the exporter of a telemetry. */
  async read(subject: Subject, path: string = this.reading.path, headers: ReadHeaders = {}): Promise<ReadAnswer> {
    return readAt(await this.addressOf(subject), path, headers);
  }

  /** Reads the items that an exporter shows. */
  async #look(subject: Subject): Promise<void> {
    const { body } = await this.read(subject);
    const { backend } = this.#listening.get(subject) ?? {};
    backend?.items.splice(0, Number.POSITIVE_INFINITY, ...(this.reading.items?.(body) ?? []));
  }

  #opened<T extends Backend>(backend: T): T {
    this.#backends.push(backend);
    this.onEnd(() => backend.close?.());
    return backend;
  }

  /** Waits until all that was sent has come: where nothing answers, what the system has taken may be on its way. */
  async arrived(): Promise<void> {
    await Promise.all(this.#backends.map((backend) => backend.arrived?.()));
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
    const exporter = this.make(target);
    const subject = new Subject(this.signal, exporter, all, this.changes, this.check.telemetry ?? telemetry);
    this.#subjects.push(subject);
    const backend = this.#backends.find((each) => each.target === target) as PullBackend | undefined;
    if (this.check.receiver.transport === 'pull') this.#listening.set(subject, { exporter, backend });
    return subject;
  }

  get #isBusy(): boolean {
    const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
    return sum(this.#subjects.map(({ running }) => running)) > sum(this.#backends.map(({ unanswered }) => unanswered));
  }

  /** Waits until something holds, moving time if it stands still. @throws when it does not come to hold. */
  async until(what: string, condition: () => boolean, seen?: () => unknown): Promise<void> {
    holds(`${what}: it did not happen`, await this.#holds(condition), seen?.());
  }

  /** Whether something comes to hold before long. */
  #holds(condition: () => boolean): Promise<boolean> {
    return this.#clock ? this.#clock.until(condition, () => this.#isBusy) : this.changes.until(condition);
  }

  /** Lets time pass that stands still. */
  async pass(ms: number): Promise<void> {
    await this.#clock?.pass(ms, () => this.#isBusy);
  }

  /** Waits until all that was accepted is delivered or dropped; of an exporter that is read: reads it. */
  async settled(subject: Subject): Promise<void> {
    if (this.check.receiver.transport === 'pull') return this.#look(subject);
    // As long as it goes on: how fast it does is up to the machine.
    for (let left = Number.POSITIVE_INFINITY; !(await this.#holds(() => subject.isSettled)); left = subject.unsettled) {
      if (subject.unsettled >= left) break;
    }
    holds('everything is delivered or counted as dropped', subject.isSettled, subject.figures());
    await this.arrived();
  }

  /** Claims that the receiver's `items` could read all that came. */
  readAll(): void {
    holds('the receiver can read all that came', this.#backends.flatMap(({ unreadable }) => unreadable).length === 0);
  }

  /** An error with what explains it: before it what could not be read, after it what programs wrote in the end. */
  explained(error: Error): Error {
    const unreadable = eachOnce(this.#backends.flatMap((backend) => backend.unreadable));
    const before = unreadable.map((reason) => `what came could not be read, ${reason}`);
    const after = this.#programs.outcomes.map(lastLines).filter((lines) => lines !== '');
    error.message = [...before, error.message, ...after].join('\n');
    return error;
  }

  /** Claims that each id was taken once, and no other was. */
  tookOnce(backend: Backend, ids: readonly string[]): void {
    // What the machine has dropped on the way cannot be told from what was never sent.
    const wanted = backend.lost ? ids.filter((id) => backend.took.has(id)) : ids;
    const once = wanted.map((id): [string, number] => [id, 1]).sort();
    same('the backend took each item once', [...backend.took].sort(), once);
  }

  /** Claims what became of all items, and that the account is even. */
  accountIs(subject: Subject, delivered: number, dropped: Partial<Record<string, number>> = {}): void {
    if (this.check.receiver.transport === 'pull') return; // what is read is not accounted for
    const seen = subject.account();
    const account = { delivered: seen.delivered, dropped: seen.dropped };
    same('the account of what became of the items', account, { delivered, dropped });
    same('items that the account has lost sight of', subject.imbalance(), 0);
  }

  /** Runs a program of its own process: it has the names of the harness, and `target`. */
  run(program: string, options: RowProgramOptions = {}): Promise<Outcome> {
    return this.#programs.run(program, options);
  }

  /** Puts a file beside the programs; returns its path. */
  file(name: string, content: string): string {
    return this.#programs.put(name, content);
  }

  /** A name for each item that programs have made and the backend has: `s0`, `s1`, ..., sorted. */
  namesIn(items: readonly Item[]): readonly string[] {
    return items.map(({ id, name }) => (this.signal === 'spans' ? name : id)).sort();
  }

  /** Closes all. */
  async end(): Promise<void> {
    const closing = Promise.allSettled(this.#subjects.map(({ oc }) => oc.shutdown({ withinMs: 20 })));
    for (const end of this.#ends.reverse()) await end();
    // A telemetry that breaks its promises may not end.
    const late = new Promise((resolve) => setTimeout(resolve, 1_000).unref());
    await Promise.race([this.#clock?.settle(closing) ?? closing, late]);
    this.#programs.remove();
  }
}
