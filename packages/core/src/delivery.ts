import { Account, amountOf, type Reporting } from './account.ts';
import { suppressed } from './context.ts';
import type { DeliveryOptions, DropReason, ExportCall, Resource, SignalHealth, SignalState } from './contract.ts';
import { type Failed, verdictOf, without } from './failure.ts';
import type { Backlog, Batch, Part } from './queue.ts';
import { Bisection, Breaker, backoffMs, CallSize, longestBatchWaitMs } from './retry.ts';

/** How one signal's items leave: `T` is a span or a time series; they come in as `I`. */
export interface Shipment<T, I = T> {
  readonly signal: 'spans' | 'metrics';
  readonly backlog: Backlog<T, I>;
  /** Why a backlog drops items. */
  readonly whenPushed: 'queue-full' | 'superseded';
  /** Most items of one call. */
  readonly callItems: number;
  /** Most calls side by side. */
  readonly sideBySide: number;
  /** Whether batches keep their order, and their time for retries runs in outages too: one call at a time. */
  readonly inOrder: boolean;
  /** Makes the exporter's call. */
  send(items: readonly T[], call: ExportCall): Promise<void>;
  /** What an ExportError's `items` names. */
  idOf(item: T): unknown;
  /** For the report of an item that is too large. */
  nameOf(item: T): string;
}

/** What the deliveries of one exporter share. */
export interface DeliveryHost extends Reporting {
  readonly resource: Resource;
}

interface Attempt<T> {
  readonly batch: Batch<T>;
  readonly part: Part<T>;
  readonly began: number;
  /** The how manieth call it is. */
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
/** What an exporter gets to settle a call after its signal was aborted. */
const GRACE_MS = 250;

/**
 * One signal of one exporter: starts its calls, bounds them in time, reads their outcome and keeps the account.
 * At any moment the items accepted are those delivered, dropped, queued and in flight.
 */
export class Delivery<T, I = T> {
  readonly #host: DeliveryHost;
  readonly #shipment: Shipment<T, I>;
  readonly #backlog: Backlog<T, I>;
  readonly #options: DeliveryOptions;
  readonly #account: Account;
  readonly #breaker: Breaker;
  readonly #callSize: CallSize;
  readonly #longestWaitMs: number;
  /** Batches that were taken and are not in flight: those that failed, and the rest of those that were split. */
  #held: Batch<T>[] = [];
  /** Probes that went to held batches since a fresh one had its turn. */
  #turns = 0;
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

  constructor(host: DeliveryHost, shipment: Shipment<T, I>, options: DeliveryOptions) {
    this.#host = host;
    this.#shipment = shipment;
    this.#backlog = shipment.backlog;
    this.#options = options;
    this.#account = new Account(host, shipment.signal);
    this.#breaker = new Breaker();
    this.#callSize = new CallSize(shipment.callItems);
    this.#longestWaitMs = longestBatchWaitMs(options.retryForMs);
  }

  /** Takes what came in: `count` items. For spans this is called where the application ends them. */
  accept(incoming: I, count = 1): void {
    this.#account.accepted += count;
    const dropped = this.#intake === 'open' ? this.#backlog.push(incoming) : count;
    if (dropped > 0) {
      this.#account.lose(this.#intake === 'open' ? this.#shipment.whenPushed : this.#intake, dropped);
      this.#account.speak();
    }
    const { waiting } = this.#backlog;
    if (waiting === count || waiting >= this.#callSize.items) this.#kick();
  }

  /** The exporter is ready for calls. */
  open(): void {
    if (this.#phase !== 'starting') return;
    this.#phase = 'sending';
    this.#kick();
  }

  /** The exporter could not start: all that came, and all that comes, is dropped. */
  fail(error: unknown): void {
    if (this.#phase === 'closed') return;
    this.#account.failed(error);
    this.#intake = 'not-started';
    this.#phase = 'stopped';
    const items = this.#backlog.clear();
    if (items.length > 0) this.#account.lose('not-started', items.length);
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
    const mark = this.#backlog.cut();
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
    for (const { controller } of [...this.#running]) controller.abort(abortError('shutdown'));
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
    return lost > 0 ? amountOf(lost, this.#shipment.signal) : undefined;
  }

  #clear(): number {
    const left = this.#queued() + this.#account.inFlight;
    this.#backlog.clear();
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
    let queued = this.#backlog.waiting;
    for (const batch of this.#held) queued += batch.size;
    for (const { batch } of this.#running) queued += batch.size;
    return queued;
  }

  #unsettled(mark: number): number {
    let count = this.#backlog.waitingUpTo(mark);
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
    if (this.#running.size >= (state === 'up' ? this.#shipment.sideBySide : 1)) return NEVER;
    if (this.#shipment.inOrder && this.#abandoned > 0) return NEVER; // two calls would overlap
    // While the backend does not answer, one probe goes out at a time, whatever the batches' own times are.
    const heldAt = state !== 'up' && held.length > 0 ? openAt : Math.min(...held.map(({ dueAt }) => dueAt));
    const freshAt = this.#shipment.inOrder && held.length > 0 ? NEVER : this.#backlog.dueAt(callItems);
    const at = Math.max(openAt, Math.min(heldAt, freshAt));
    if (at > now) return at;
    // Waiting batches and fresh ones take turns as the probe, so that one bad batch is in nobody's way.
    if (heldAt <= now && (state === 'up' || freshAt > now || this.#turns === 0)) {
      this.#turns++;
      return held.splice(state === 'up' ? held.findIndex(({ dueAt }) => dueAt <= now) : 0, 1)[0] ?? NEVER;
    }
    this.#turns = 0;
    return this.#backlog.take(callItems, now) ?? NEVER;
  }

  /** Sends the next part of a batch. */
  #start(batch: Batch<T>, now: number): void {
    const part = this.#nextPart(batch);
    if (!part) {
      this.#finish(batch);
      this.#account.speak();
      this.#answerWaiters();
      return;
    }
    const { clock, exporter, resource } = this.#host;
    const { items } = part;
    if (part.isSuspect && batch.bisection) batch.bisection.requests++;
    const controller = new AbortController();
    const attempt = { batch, part, began: now, number: ++this.#calls, wasUp: this.#breaker.state === 'up', controller };
    this.#running.add(attempt);
    this.#account.inFlight += items.length;
    let cancelGrace: (() => void) | undefined;
    let isSettled = false;
    const cancelDeadline = clock.after(this.#options.attemptMs, () => controller.abort(abortError('the deadline')));
    const settle = (failure: { readonly error: unknown } | undefined): void => {
      cancelDeadline();
      cancelGrace?.();
      if (isSettled) return;
      isSettled = true;
      if (this.#running.delete(attempt)) this.#settle(attempt, failure);
    };
    controller.signal.addEventListener('abort', () => {
      cancelGrace = clock.after(GRACE_MS, () => {
        this.#abandoned++;
        const late = new Error(`${exporter}: a call did not settle within ${GRACE_MS} ms of its abort`);
        settle({ error: Object.assign(late, { failure: 'unavailable' }) });
      });
    });
    const end = (failure?: { readonly error: unknown }): void => {
      if (isSettled) {
        this.#abandoned--;
        this.#kick();
      }
      settle(failure);
    };
    const call: ExportCall = { resource, signal: controller.signal, warn: (message) => this.#account.warn(message) };
    try {
      Promise.resolve(suppressed(() => this.#shipment.send(Object.freeze(items), call))).then(
        () => end(),
        (error) => end({ error }),
      );
    } catch (error) {
      end({ error });
    }
  }

  /** Takes the part to send next, at most as large as calls may be; undefined when none is left. */
  #nextPart(batch: Batch<T>): Part<T> | undefined {
    const { bisection } = batch;
    if (bisection?.spent) {
      const undecided = batch.parts.filter(({ isSuspect }) => isSuspect);
      batch.parts = batch.parts.filter((part) => !undecided.includes(part));
      const why = `undecided after ${bisection.requests} requests that were to find what the backend refuses`;
      for (const { items } of undecided) this.#drop('rejected', items, why);
    }
    const part = batch.parts.pop();
    const most = this.#callSize.items;
    if (!part || part.items.length <= most) return part;
    const { items, isSuspect } = part;
    batch.parts.push({ items: items.slice(most), isSuspect });
    return { items: items.slice(0, most), isSuspect };
  }

  /** Books the outcome of a call and decides what becomes of its batch. */
  #settle(attempt: Attempt<T>, failure: { readonly error: unknown } | undefined): void {
    const now = this.#host.clock.monotonic();
    const { batch, part, wasUp } = attempt;
    const { items } = part;
    this.#account.inFlight -= items.length;
    const { failed, accepted } = failure
      ? verdictOf(failure.error, items, this.#shipment.idOf)
      : { failed: [], accepted: items.length };
    if (accepted > 0) {
      this.#passed(batch, part, accepted, now);
      this.#backlog.release(
        failed.length > 0
          ? without(
              items,
              failed.flatMap((one) => one.items),
            )
          : items,
      );
    }
    for (const one of failed) this.#handle(one, attempt, accepted > 0, now);
    const isUnavailable = failed.some((one) => one.failure === 'unavailable');
    if (isUnavailable && (wasUp || accepted > 0)) {
      batch.dueAt = now + backoffMs(++batch.strikes, this.#longestWaitMs);
    }
    if (batch.parts.length === 0) this.#finish(batch);
    else if (isUnavailable && !this.#shipment.inOrder) this.#held.push(batch);
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
        this.#spendTime(batch, now);
        if (batch.spentMs >= this.#options.retryForMs) this.#drop('retry-exhausted', items, why, error);
        else batch.parts.push({ items, isSuspect: part.isSuspect });
        return;
      }
      case 'misconfigured':
        if (this.#breaker.state !== 'paused') this.#account.tell(`paused and tried again each minute: ${why}`, error);
        this.#breaker.refused(number, now, retryAfterMs);
        batch.parts.push({ items, isSuspect: part.isSuspect });
        return;
      case 'too-large':
        if (items.length > 1) {
          batch.tooLarge.push(items);
          pushHalves(batch, items, part.isSuspect);
        } else {
          batch.giants.add(items[0] as T);
          this.#drop('too-large', items, `${this.#shipment.nameOf(items[0] as T)} alone is too large: ${why}`, error);
        }
        return;
      case 'poisoned':
        if (items.length === 1) {
          this.#drop('rejected', items, `${this.#shipment.nameOf(items[0] as T)}: ${why}`, error);
        } else if (batch.bisection ? batch.bisection.spent : !this.#bisects) {
          this.#drop('rejected', items, why, error);
        } else {
          batch.bisection ??= new Bisection(items.length);
          pushHalves(batch, items, true);
        }
        return;
      default:
        this.#drop(failure, items, why, error);
    }
  }

  /**
   * Charges a batch for the time since it last failed: only if others passed meanwhile, and not more than it would have
   * waited, since the rest was an outage. Metrics are always charged: a newer collection replaces the one that fails.
   */
  #spendTime(batch: Batch<T>, now: number): void {
    const { failedAt = now } = batch;
    const most = this.#shipment.inOrder ? NEVER : this.#longestWaitMs;
    if (this.#shipment.inOrder || this.#breaker.succeededAt > failedAt) batch.spentMs += Math.min(now - failedAt, most);
    batch.failedAt = now;
  }

  /** All parts of a batch are settled. */
  #finish({ tooLarge, giants, passedItems, bisection }: Batch<T>): void {
    // A call that held an item too large even alone says nothing about how many items are too many.
    const hadTooMany = tooLarge.some((items) => !items.some((item) => giants.has(item)));
    if (hadTooMany && passedItems > 0) this.#callSize.learn(passedItems);
    if (bisection && !bisection.passed) this.#bisects = false;
  }

  #drop(reason: DropReason, items: readonly T[], why: string, error?: unknown): void {
    this.#backlog.release(items);
    this.#account.lose(reason, items.length, why, error);
  }
}

function pushHalves<T>(batch: Batch<T>, items: readonly T[], isSuspect: boolean): void {
  const middle = items.length >> 1;
  batch.parts.push({ items: items.slice(middle), isSuspect }, { items: items.slice(0, middle), isSuspect });
}

function abortError(cause: string): Error {
  return Object.assign(new Error(`aborted by ${cause}`), { name: 'AbortError' });
}
