import { Account, type Reporting } from './account.ts';
import { suppressed } from './context.ts';
import type { DeliveryOptions, DropReason, ExportCall, Resource, SignalHealth, SignalState } from './contract.ts';
import { type Failed, verdictOf, without } from './failure.ts';
import type { Backlog, Batch, Part } from './queue.ts';
import { Bisection, Breaker, batchBackoffMs, CallSize } from './retry.ts';

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
  readonly wasUp: boolean;
  readonly controller: AbortController;
}

interface Waiter {
  readonly mark: number;
  readonly refusals: number;
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
  #intake: 'open' | 'not-started' | 'after-shutdown' = 'open';
  #phase: 'starting' | 'sending' | 'stopped' | 'closed' = 'starting';
  #kicked = false;
  #cancelWake: (() => void) | undefined;

  constructor(host: DeliveryHost, shipment: Shipment<T, I>, options: DeliveryOptions) {
    this.#host = host;
    this.#shipment = shipment;
    this.#backlog = shipment.backlog;
    this.#options = options;
    this.#account = new Account(host, shipment.signal);
    this.#breaker = new Breaker(host.clock.monotonic());
    this.#callSize = new CallSize(shipment.callItems);
  }

  /** Takes what came in: `count` items. For spans this is called where the application ends them. */
  accept(incoming: I, count = 1): void {
    this.#account.accepted += count;
    if (this.#intake !== 'open') {
      this.#account.lose(this.#intake, count);
      return;
    }
    const dropped = this.#backlog.push(incoming);
    if (dropped > 0) this.#account.lose(this.#shipment.whenPushed, dropped);
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
    this.#account.failed(error);
    this.#intake = 'not-started';
    this.#phase = 'stopped';
    const items = this.#backlog.clear();
    if (items.length > 0) this.#account.lose('not-started', items.length);
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
      this.#waiters.add({ mark, refusals: this.#breaker.refusals, resolve });
    });
    this.#answerWaiters();
    this.#kick();
    return { done, unsettled: () => this.#unsettled(mark) };
  }

  /** Starts no more calls and aborts those under way; resolves when they have settled or had their grace. */
  async abort(): Promise<void> {
    if (this.#phase !== 'closed') this.#phase = 'stopped';
    const idle = new Promise<void>((resolve) => {
      this.#waiters.add({ mark: NEVER, refusals: 0, resolve });
    });
    for (const { controller } of [...this.#running]) controller.abort(abortError('shutdown'));
    if (this.#running.size > 0) await idle;
  }

  /** Counts what is left as dropped and reports it. */
  close(): void {
    this.#phase = 'closed';
    this.#cancelWake?.();
    this.loseAll(this.#breaker.state === 'paused' ? 'misconfigured' : 'deadline');
    this.#account.reportLosses();
    this.#answerWaiters();
  }

  /** Drops all that is held. Returns how much that was. */
  loseAll(reason: 'misconfigured' | 'deadline' | 'process-exit'): number {
    const count = this.#queued() + this.#account.inFlight;
    this.#backlog.clear();
    this.#held = [];
    this.#running.clear();
    this.#account.inFlight = 0;
    if (count > 0) this.#account.lose(reason, count);
    return count;
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
    const { state, refusals, hintedUntil } = this.#breaker;
    for (const waiter of this.#waiters) {
      // A backend that refuses us is asked once, or not at all when it has named a later time.
      const refused = state === 'paused' && (refusals > waiter.refusals || hintedUntil > this.#host.clock.monotonic());
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
    if (heldAt <= now && (state === 'up' || freshAt > now || this.#turns < held.length)) {
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
      return;
    }
    const { clock, exporter, resource } = this.#host;
    const { items } = part;
    if (part.bisection) part.bisection.requests++;
    const controller = new AbortController();
    const attempt = { batch, part, began: now, wasUp: this.#breaker.state === 'up', controller };
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
    const spent = batch.parts.at(-1)?.bisection;
    if (spent?.spent) {
      const undecided = batch.parts.filter(({ bisection }) => bisection === spent);
      batch.parts = batch.parts.filter(({ bisection }) => bisection !== spent);
      const why = `undecided after ${spent.requests} requests that were to find what the backend refuses`;
      for (const { items } of undecided) this.#drop('rejected', items, why);
      return this.#nextPart(batch);
    }
    const part = batch.parts.pop();
    const most = this.#callSize.items;
    if (!part || part.items.length <= most) return part;
    const { items, bisection } = part;
    batch.parts.push({ items: items.slice(most), bisection });
    return { items: items.slice(0, most), bisection };
  }

  /** Books the outcome of a call and decides what becomes of its batch. */
  #settle({ batch, part, began, wasUp }: Attempt<T>, failure: { readonly error: unknown } | undefined): void {
    const now = this.#host.clock.monotonic();
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
    for (const one of failed) this.#handle(one, batch, part, began, now);
    const isUnavailable = failed.some((one) => one.failure === 'unavailable');
    if (isUnavailable && wasUp) batch.dueAt = now + batchBackoffMs(++batch.strikes);
    if (batch.parts.length === 0) this.#finish(batch);
    else if (isUnavailable && !this.#shipment.inOrder) this.#held.push(batch);
    else this.#held.unshift(batch);
    this.#answerWaiters();
    this.#kick();
  }

  #passed(batch: Batch<T>, { items, bisection }: Part<T>, accepted: number, now: number): void {
    this.#account.delivered += accepted;
    this.#breaker.succeeded(now);
    this.#bisects = true;
    this.#callSize.passed(items.length);
    batch.passedItems = Math.max(batch.passedItems, items.length);
    if (bisection) bisection.passed = true;
  }

  #handle(
    { failure, items, error, retryAfterMs }: Failed<T>,
    batch: Batch<T>,
    part: Part<T>,
    began: number,
    now: number,
  ): void {
    const why = this.#account.failed(error);
    switch (failure) {
      case 'unavailable': {
        this.#breaker.failed(began, now, retryAfterMs);
        if (this.#breaker.failures > 1) this.#account.outage(why);
        // Retries are counted on a clock that stands still in outages, but not for metrics, which a newer collection replaces.
        const time = this.#shipment.inOrder ? now : this.#breaker.upMs(now);
        batch.retriedSince ??= time;
        if (time - batch.retriedSince >= this.#options.retryForMs) this.#drop('retry-exhausted', items, why, error);
        else batch.parts.push({ items, bisection: part.bisection });
        return;
      }
      case 'misconfigured':
        if (this.#breaker.state !== 'paused') this.#account.tell(`paused and tried again each minute: ${why}`, error);
        this.#breaker.refused(now, retryAfterMs);
        batch.parts.push({ items, bisection: part.bisection });
        return;
      case 'too-large':
        if (items.length === 1) {
          this.#drop('too-large', items, `${this.#shipment.nameOf(items[0] as T)} alone is too large: ${why}`, error);
        } else {
          batch.wasTooLarge = true;
          pushHalves(batch, items, part.bisection);
        }
        return;
      case 'poisoned':
        if (items.length === 1) {
          this.#drop('rejected', items, `${this.#shipment.nameOf(items[0] as T)}: ${why}`, error);
        } else if (!part.bisection && !this.#bisects) {
          this.#drop('rejected', items, why, error);
        } else {
          batch.bisection = part.bisection ?? new Bisection(items.length);
          pushHalves(batch, items, batch.bisection);
        }
        return;
      default:
        this.#drop(failure, items, why, error);
    }
  }

  /** All parts of a batch are settled. */
  #finish({ wasTooLarge, passedItems, bisection }: Batch<T>): void {
    if (wasTooLarge && passedItems > 0) this.#callSize.learn(passedItems);
    if (bisection && !bisection.passed) this.#bisects = false;
  }

  #drop(reason: DropReason, items: readonly T[], why: string, error?: unknown): void {
    this.#backlog.release(items);
    this.#account.lose(reason, items.length, why, error);
  }
}

function pushHalves<T>(batch: Batch<T>, items: readonly T[], bisection: Bisection | undefined): void {
  const middle = items.length >> 1;
  batch.parts.push({ items: items.slice(middle), bisection }, { items: items.slice(0, middle), bisection });
}

function abortError(cause: string): Error {
  return Object.assign(new Error(`aborted by ${cause}`), { name: 'AbortError' });
}
