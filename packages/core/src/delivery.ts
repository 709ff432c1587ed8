import { Account, amountOf, type Reporting } from './account.ts';
import type { Batch, Part } from './batch.ts';
import { abortError, type Failure, makeCall } from './call.ts';
import type { DeliveryOptions, DropReason, ExportCall, Resource, SignalHealth, SignalState } from './contract.ts';
import { type Failed, verdictOf, without } from './failure.ts';
import type { Signal } from './queue.ts';
import { Breaker, backoffMs, CallSize, longestBatchWaitMs } from './retry.ts';

/** What the deliveries of one exporter share. */
export interface DeliveryHost extends Reporting {
  readonly resource: Resource;
}

interface Attempt<T> {
  readonly batch: Batch<T>;
  readonly part: Part<T>;
  readonly began: number;
  /** Its place among all calls, from 1. */
  readonly number: number;
  readonly wasUp: boolean;
  readonly controller: AbortController;
}

interface Waiter {
  readonly mark: number;
  /** How many calls had been started when it began to wait. */
  readonly calls: number;
  readonly resolve: () => void;
}

const NEVER = Number.POSITIVE_INFINITY;

/**
 * One signal of one exporter: starts its calls, bounds them in time, reads their outcome and keeps the account.
 * At any moment the items accepted are those delivered, dropped, queued and in flight.
 */
export class Delivery<T, I = T> {
  readonly #host: DeliveryHost;
  readonly #signal: Signal<T, I>;
  readonly #options: DeliveryOptions;
  readonly #account: Account;
  readonly #breaker: Breaker;
  readonly #callSize: CallSize;
  readonly #longestWaitMs: number;
  /** Batches that were taken and are not in flight: those that failed, and the rest of those that were split. */
  #held: Batch<T>[] = [];
  /** Whether the last probe went to a held batch: then a fresh one has its turn. */
  #heldHadTurn = false;
  readonly #running = new Set<Attempt<T>>();
  /** Calls that did not settle although they were aborted. */
  #abandoned = 0;
  /** False after a batch of which nothing passed, until a call succeeds. */
  #bisects = true;
  readonly #waiters = new Set<Waiter>();
  #calls = 0;
  #intake: 'open' | 'not-started' | 'after-shutdown' | 'process-exit' = 'open';
  #phase: 'starting' | 'sending' | 'stopped' | 'closed' = 'starting';
  #kicked = false;
  #cancelWake: (() => void) | undefined;

  constructor(host: DeliveryHost, signal: Signal<T, I>, options: DeliveryOptions) {
    this.#host = host;
    this.#signal = signal;
    this.#options = options;
    this.#account = new Account(host, signal.name);
    this.#breaker = new Breaker();
    this.#callSize = new CallSize(signal.callItems);
    this.#longestWaitMs = longestBatchWaitMs(options.retryForMs);
  }

  /** Takes what came in: `count` items. For spans this is called where the application ends them. */
  accept(incoming: I, count = 1): void {
    this.#account.accepted += count;
    const dropped = this.#intake === 'open' ? this.#signal.push(incoming) : count;
    if (dropped > 0) {
      this.#account.lose(this.#intake === 'open' ? this.#signal.whenPushed : this.#intake, dropped);
      this.#account.speak();
    }
    const { waiting } = this.#signal;
    if (waiting === count || waiting >= this.#callSize.items) this.#kick();
  }

  /** The exporter is ready for calls. */
  open(): void {
    if (this.#phase !== 'starting') return;
    this.#phase = 'sending';
    if (this.#signal.waiting > 0) this.#kick();
  }

  /** The exporter could not start: all that came, and all that comes, is dropped. */
  fail(error: unknown): void {
    if (this.#phase === 'closed') return;
    this.#account.failed(error);
    this.#intake = 'not-started';
    this.#phase = 'stopped';
    const count = this.#signal.clear();
    if (count > 0) this.#account.lose('not-started', count);
    this.#account.speak();
    this.#answerWaiters();
  }

  /** Takes nothing more. */
  closeIntake(): void {
    if (this.#intake === 'open') this.#intake = 'after-shutdown';
  }

  /**
   * Sends all that was accepted until now without waiting for full batches or backoff; resolves when it is settled, or
   * when the backend has refused us again. `unsettled` counts what is not settled, at any time.
   */
  drain(): { readonly done: Promise<void>; readonly unsettled: () => number } {
    const mark = this.#signal.cut();
    this.#breaker.hasten(this.#host.clock.monotonic());
    for (const batch of this.#held) batch.dueAt = 0;
    const done = new Promise<void>((resolve) => {
      this.#waiters.add({ mark, calls: this.#calls, resolve });
    });
    this.#answerWaiters();
    if (this.#unsettled(mark) > 0) this.#kick(); // else the process may end
    return { done, unsettled: () => this.#unsettled(mark) };
  }

  /** How many items are not settled. */
  unsettled(): number {
    return this.#unsettled(NEVER);
  }

  /** Starts no more calls and aborts those under way; resolves when they have settled or had their grace. */
  async abort(): Promise<void> {
    if (this.#phase !== 'closed') this.#phase = 'stopped';
    const idle = new Promise<void>((resolve) => {
      this.#waiters.add({ mark: NEVER, calls: 0, resolve });
    });
    for (const { controller } of [...this.#running]) controller.abort(abortError('no answer before the shutdown'));
    if (this.#running.size > 0) await idle;
  }

  /** Counts what is left as dropped and reports it. */
  close(): void {
    this.#phase = 'closed';
    this.#cancelWake?.();
    const left = this.#clear();
    if (left > 0) this.#account.lose(this.#breaker.state === 'paused' ? 'misconfigured' : 'deadline', left);
    this.#account.reportLosses();
    this.#answerWaiters();
  }

  /** At process.exit: counts all that is held as dropped. Returns what of all losses the caller has to report. */
  abandon(): string | undefined {
    this.#intake = 'process-exit';
    const lost = this.#account.lastly(this.#clear());
    return lost > 0 ? amountOf(lost, this.#signal.name) : undefined;
  }

  #clear(): number {
    const left = this.#queued() + this.#account.inFlight;
    this.#signal.clear();
    this.#held = [];
    this.#running.clear();
    this.#account.inFlight = 0;
    return left;
  }

  health(): SignalHealth {
    const queued = this.#queued();
    return this.#account.health(this.#stateWith(queued), queued);
  }

  #stateWith(queued: number): SignalState {
    if (this.#intake === 'not-started') return 'failed';
    if (this.#phase === 'closed') return 'closed';
    if (this.#breaker.state === 'up') return queued > 0 || this.#running.size > 0 ? 'delivering' : 'idle';
    return this.#breaker.state === 'down' ? 'retrying' : 'paused';
  }

  #queued(): number {
    let queued = this.#signal.waiting;
    for (const batch of this.#held) queued += batch.size;
    for (const { batch } of this.#running) queued += batch.size;
    return queued;
  }

  #unsettled(mark: number): number {
    let count = this.#signal.waitingUpTo(mark);
    for (const batch of this.#held) if (batch.mark <= mark) count += batch.size;
    for (const { batch, part } of this.#running) if (batch.mark <= mark) count += batch.size + part.items.length;
    return count;
  }

  #answerWaiters(): void {
    const { state, lastRefused, hintedUntil } = this.#breaker;
    for (const waiter of this.#waiters) {
      // A backend that refuses us is asked once, or not at all when it has named a later time.
      const refused = state === 'paused' && (lastRefused > waiter.calls || hintedUntil > this.#host.clock.monotonic());
      const ended = this.#phase === 'closed' || (this.#phase === 'stopped' && this.#running.size === 0);
      if (!ended && !(refused && this.#running.size === 0) && this.#unsettled(waiter.mark) > 0) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** Looks for work in the next turn of the event loop: never inside the application's own call. */
  #kick(): void {
    if (this.#kicked || this.#phase !== 'sending') return;
    this.#kicked = true;
    // Not unref'd: it holds the process for one turn only, and an unref'd one waits for the next event.
    setImmediate(() => {
      this.#kicked = false;
      this.#pump();
    });
  }

  /** Starts one call if one may start, else sees to it that it is looked at again. */
  #pump(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    if (this.#phase !== 'sending') return;
    const now = this.#host.clock.monotonic();
    const next = this.#next(now);
    if (typeof next === 'object') {
      this.#start(next, now);
      this.#kick(); // one call a turn, so that encoding many does not block the event loop
    } else if (next < NEVER) {
      this.#cancelWake = this.#host.clock.after(Math.max(1, next - now), () => this.#pump());
    }
  }

  /** The batch whose turn it is, taken out of where it waited; else when to ask again, NEVER until a call ends. */
  #next(now: number): Batch<T> | number {
    const held = this.#held;
    const callItems = this.#callSize.items;
    const { state, openAt } = this.#breaker;
    if (this.#running.size >= (state === 'up' ? this.#signal.sideBySide : 1)) return NEVER;
    if (this.#signal.inOrder && this.#abandoned > 0) return NEVER; // two calls would overlap
    // While the backend does not answer, one probe goes out at a time, whatever the batches' own times are.
    const heldAt = state !== 'up' && held.length > 0 ? openAt : Math.min(...held.map(({ dueAt }) => dueAt));
    const freshAt = this.#signal.inOrder && held.length > 0 ? NEVER : this.#signal.dueAt(callItems);
    const at = Math.max(openAt, Math.min(heldAt, freshAt));
    if (at > now) return at;
    // Waiting batches and fresh ones take turns as the probe, so that one bad batch is in nobody's way.
    if (heldAt <= now && (state === 'up' || freshAt > now || !this.#heldHadTurn)) {
      this.#heldHadTurn = true;
      return held.splice(state === 'up' ? held.findIndex(({ dueAt }) => dueAt <= now) : 0, 1)[0] ?? NEVER;
    }
    this.#heldHadTurn = false;
    return this.#signal.take(callItems, now) ?? NEVER;
  }

  /** Sends the next part of a batch. */
  #start(batch: Batch<T>, now: number): void {
    const undecided = batch.takeUndecided();
    if (undecided.length > 0) {
      const why = `undecided after ${batch.bisection?.requests} requests that were to find what the backend refuses`;
      this.#drop('rejected', undecided, why);
    }
    const part = batch.next(this.#callSize.items);
    if (!part) {
      this.#finish(batch);
      this.#account.speak();
      this.#answerWaiters();
      return;
    }
    const { resource } = this.#host;
    const { items } = part;
    if (part.isSuspect && batch.bisection) batch.bisection.requests++;
    const controller = new AbortController();
    const attempt = { batch, part, began: now, number: ++this.#calls, wasUp: this.#breaker.state === 'up', controller };
    this.#running.add(attempt);
    this.#account.inFlight += items.length;
    const call: ExportCall = { resource, signal: controller.signal, warn: (message) => this.#account.warn(message) };
    makeCall(() => this.#signal.send(Object.freeze(items), call), this.#host, this.#options.attemptMs, controller, {
      settled: (failure) => {
        if (this.#running.delete(attempt)) this.#settle(attempt, failure);
      },
      abandoned: () => {
        this.#abandoned++;
      },
      returned: () => {
        this.#abandoned--;
        this.#kick();
      },
    });
  }

  /** Books the outcome of a call and decides what becomes of its batch. */
  #settle(attempt: Attempt<T>, failure: Failure | undefined): void {
    const now = this.#host.clock.monotonic();
    const { batch, part, wasUp } = attempt;
    const { items } = part;
    this.#account.inFlight -= items.length;
    const { failed, accepted } = failure
      ? verdictOf(failure.error, items, this.#signal.idOf)
      : { failed: [], accepted: items.length };
    if (accepted > 0) {
      this.#passed(batch, part, accepted, now);
      const settled =
        failed.length > 0
          ? without(
              items,
              failed.flatMap((one) => one.items),
            )
          : items;
      this.#signal.release(settled);
    }
    for (const one of failed) this.#handle(one, attempt, accepted > 0, now);
    const isUnavailable = failed.some((one) => one.failure === 'unavailable');
    if (isUnavailable && (wasUp || accepted > 0)) {
      batch.dueAt = now + backoffMs(++batch.strikes, this.#longestWaitMs);
    }
    if (batch.parts.length === 0) this.#finish(batch);
    else if (isUnavailable && !this.#signal.inOrder) this.#held.push(batch);
    else this.#held.unshift(batch);
    this.#account.speak();
    // The answer to a call from before a flush does not stand for the attempt that is due to it.
    if (this.#breaker.state === 'paused' && [...this.#waiters].some(({ calls }) => attempt.number <= calls)) {
      this.#breaker.hasten(now);
    }
    this.#answerWaiters();
    this.#kick();
  }

  #passed(batch: Batch<T>, { items }: Part<T>, accepted: number, now: number): void {
    this.#account.delivered += accepted;
    this.#breaker.succeeded(now);
    this.#bisects = true;
    this.#callSize.passed(items.length);
    batch.passedItems = Math.max(batch.passedItems, items.length);
    if (batch.bisection) batch.bisection.passed = true;
  }

  #handle(
    { failure, items, error, retryAfterMs }: Failed<T>,
    { batch, part, began, number }: Attempt<T>,
    othersPassed: boolean,
    now: number,
  ): void {
    const why = this.#account.failed(error);
    switch (failure) {
      case 'unavailable': {
        // A backend that takes a part of a call is not down.
        if (othersPassed) this.#breaker.hint(now, retryAfterMs);
        else this.#breaker.failed(began, now, retryAfterMs);
        if (this.#breaker.failures > 1) this.#account.outage(why);
        batch.fail(now, (since) => this.#chargeable(since));
        if (batch.spentMs >= this.#options.retryForMs) this.#drop('retry-exhausted', items, why, error);
        else batch.putBack(items, part.isSuspect);
        return;
      }
      case 'misconfigured':
        if (this.#breaker.state !== 'paused') this.#account.tell(`paused and tried again each minute: ${why}`, error);
        this.#breaker.refused(number, now, retryAfterMs);
        batch.putBack(items, part.isSuspect);
        return;
      case 'too-large':
        if (batch.split(items, part.isSuspect)) return;
        this.#drop('too-large', items, `${this.#signal.nameOf(items[0] as T)} alone is too large: ${why}`, error);
        return;
      case 'poisoned':
        if (items.length === 1) {
          this.#drop('rejected', items, `${this.#signal.nameOf(items[0] as T)}: ${why}`, error);
        } else if (!(batch.bisection || this.#bisects) || !batch.search(items)) {
          this.#drop('rejected', items, why, error);
        }
        return;
      default:
        this.#drop(failure, items, why, error);
    }
  }

  /**
   * How much a batch may be charged for the time since it failed: only if others passed meanwhile, and not more than it
   * would have waited, since the rest was an outage. Metrics all of it: a newer collection replaces the one that fails.
   */
  #chargeable(since: number): number {
    if (this.#signal.inOrder) return NEVER;
    return this.#breaker.succeededAt > since ? this.#longestWaitMs : 0;
  }

  /** All parts of a batch are settled. */
  #finish(batch: Batch<T>): void {
    const learned = batch.learned();
    if (learned !== undefined) this.#callSize.learn(learned);
    if (batch.bisection && !batch.bisection.passed) this.#bisects = false;
  }

  #drop(reason: DropReason, items: readonly T[], why: string, error?: unknown): void {
    this.#signal.release(items);
    this.#account.lose(reason, items.length, why, error);
  }
}
