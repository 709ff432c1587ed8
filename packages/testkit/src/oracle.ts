import { holds, same } from './claim.ts';
import type { Lab } from './lab.ts';
import { randomFrom } from './random.ts';
import type { Item } from './receiver.ts';
import { lossOf, type Subject } from './subject.ts';
import { runUdpOracle } from './udp-oracle.ts';
import { type Delivery, type Victim, victimOf } from './victims.ts';

/** How an oracle runs. */
export interface OracleOptions {
  /** The same seed makes the same faults. */
  readonly seed: number;
  /** Default 250. */
  readonly steps?: number | undefined;
}

const MOST_ITEMS = 150;
const ATTEMPT_MS = 2_000;

/** A backend that does harm by chance, and what its ledger says about answers that never arrived. */
class Tormentor {
  readonly backend: Victim['backend'];
  /** How often an id was taken without the client getting to know. */
  readonly lost: Map<string, number> = new Map();
  isHarmful = true;
  readonly #victim: Victim;
  readonly #random: () => number;

  constructor(victim: Victim, random: () => number) {
    this.backend = victim.backend;
    this.#victim = victim;
    this.#random = random;
    victim.meet((delivery) => this.#treat(delivery));
  }

  #treat(delivery: Delivery): void {
    const has = (kind: string): boolean => delivery.items.some(({ name }) => name.startsWith(kind));
    if (delivery.items.length > MOST_ITEMS || has('huge')) delivery.refuse('too large');
    else if (this.#victim.isPicky && has('poison')) delivery.refuse('poisoned');
    else if (this.isHarmful) this.#harm(delivery);
    else delivery.accept();
  }

  #harm(delivery: Delivery): void {
    const harms: readonly (readonly [number, () => void])[] = [
      [0.08, () => delivery.refuse('unavailable')],
      [0.03, () => delivery.refuse('throttled')],
      [0.06, () => delivery.drop()],
      [0.08, () => this.#lose(delivery, () => delivery.drop())],
      [0.02, () => this.#lose(delivery, () => {})],
      [0.02, () => {}],
      [0.02, () => delivery.refuse('denied')],
      [0.03, () => delivery.refuse('a page')],
      [0.03, () => delivery.refuse('elsewhere')],
      [delivery.takePart ? 0.1 : 0, () => this.#partly(delivery)],
      [1, () => delivery.accept()],
    ];
    let dice = this.#random();
    for (const [share, act] of harms) {
      dice -= share;
      if (dice >= 0) continue;
      act();
      return;
    }
  }

  /** Takes all of it in a way that the client cannot get to know. */
  #lose(delivery: Delivery, act: () => void): void {
    delivery.take();
    for (const { id } of delivery.items) this.lost.set(id, (this.lost.get(id) ?? 0) + 1);
    act();
  }

  #partly(delivery: Delivery): void {
    const parts = { accepted: [] as Item[], rejected: [] as Item[], retryable: [] as Item[] };
    for (const item of delivery.items) {
      const dice = this.#random();
      parts[dice < 0.05 ? 'rejected' : dice < 0.25 ? 'retryable' : 'accepted'].push(item);
    }
    delivery.take(parts.accepted.map(({ id }) => id));
    delivery.takePart?.(parts);
  }
}

/**
 * Sends items through random faults and compares three ledgers: what the API acknowledged, what the backend took, what the
 * account says. Five properties: each item arrives or is counted; none is invented; each carries what was issued; a fresh
 * one passes when the faults are over; none comes twice unless an answer was lost. Of metrics, totals: the last one that
 * arrives is right, and the deltas that arrive are never more than what was recorded. Over UDP the only fault is a port
 * that comes and goes.
 */
export async function runOracle(lab: Lab, options: OracleOptions): Promise<void> {
  if (lab.check.receiver.transport === 'udp') return runUdpOracle(lab, options);
  lab.stopTime();
  const tormentor = new Tormentor(await victimOf(lab), randomFrom(options.seed + 1));
  const delivery = { attemptMs: ATTEMPT_MS, batchItems: 200 };
  const subject = lab.open(tormentor.backend, { delivery });
  await (lab.signal === 'spans' ? oracleOfSpans : oracleOfMetrics)(lab, subject, tormentor, options);
}

async function oracleOfSpans(
  lab: Lab,
  subject: Subject,
  tormentor: Tormentor,
  { seed, steps = 250 }: OracleOptions,
): Promise<void> {
  const random = randomFrom(seed);
  for (let step = 0; step < steps; step++) {
    // Mostly a trickle, with bursts.
    subject.send(random() < 0.05 ? Math.floor(random() * 700) : Math.floor(random() * 20), { prefix: `${step}-` });
    for (const kind of ['poison', 'huge']) if (random() < 0.03) subject.send(1, { prefix: `${kind}${step}-` });
    same('items that the account has lost sight of', subject.imbalance(), 0);
    if (random() < 0.05) void subject.oc.flush({ withinMs: 1 + random() * 2_000 });
    await lab.pass(random() * 300);
  }
  tormentor.isHarmful = false;
  await lab.settled(subject);
  const [fresh = ''] = subject.send(1, { prefix: 'fresh' });
  await lab.settled(subject);
  compare(subject, tormentor, fresh);
}

const ROW_COUNT = 100;

async function oracleOfMetrics(
  lab: Lab,
  subject: Subject,
  tormentor: Tormentor,
  { seed, steps = 250 }: OracleOptions,
): Promise<void> {
  const random = randomFrom(seed);
  /** What each row has been, in order. */
  const totals = new Map<string, number[]>();
  const add = (id: string, value: number): void => {
    const known = totals.get(id) ?? [];
    totals.set(id, [...known, (known.at(-1) ?? 0) + value]);
    subject.add(id, value);
  };
  for (let step = 0; step < steps; step++) {
    const count = Math.floor(random() * 20);
    for (let at = 0; at < count; at++) add(`o${Math.floor(random() * ROW_COUNT)}`, 1 + Math.floor(random() * 9));
    if (random() < 0.5) subject.collect();
    await lab.pass(random() * 300);
    same('items that the account has lost sight of', subject.imbalance(), 0);
  }
  tormentor.isHarmful = false;
  await lab.settled(subject);
  add('fresh', 1);
  subject.collect();
  await lab.pass(0);
  await lab.settled(subject);

  const values = new Map<string, number[]>();
  for (const { id, value } of tormentor.backend.taken) values.set(id, [...(values.get(id) ?? []), Number(value)]);
  same(
    'rows that nobody has recorded',
    [...values.keys()].filter((id) => !totals.has(id)),
    [],
  );
  holds('the fresh row has arrived', values.has('fresh'));
  const { superseded, ...dropped } = subject.account().dropped;
  for (const [id, sums] of totals) {
    const total = sums.at(-1) ?? 0;
    const taken = values.get(id) ?? [];
    if (lab.isOnce) {
      const sum = taken.reduce((one, other) => one + other, 0);
      holds(`no part of ${id} is counted twice`, sum <= total, { taken, total });
      holds(`what is missing of ${id} is counted as dropped`, sum === total || lossOf(dropped) > 0, { taken, total });
    } else {
      same(`the last total of ${id}`, taken.at(-1), total);
      same(
        `totals of ${id} that it never had`,
        taken.filter((value) => !sums.includes(value)),
        [],
      );
    }
  }
}

function compare(subject: Subject, { backend, lost }: Tormentor, fresh: string): void {
  const { issued } = subject;
  const { took } = backend;
  const account = subject.account();
  const counted = lossOf(account.dropped);
  same('accepted is what was issued', account.accepted, issued.size);
  same('the account is even', account.delivered + counted, issued.size);
  const missing = issued.size - [...took.keys()].filter((id) => issued.has(id)).length;
  holds('each span arrives or is counted with a reason', missing <= counted, { missing, dropped: account.dropped });
  same(
    'spans that nobody issued',
    [...took.keys()].filter((id) => !issued.has(id)),
    [],
  );
  for (const { id, name, attributes } of backend.items) {
    const { name: given, payload } = issued.get(id) ?? {};
    same('what a span carries', [name, attributes['testkit.payload']], [given, payload]);
  }
  same('a fresh span after the faults', took.get(fresh), 1);
  const twice = [...took].filter(([id, times]) => times > 1 + (lost.get(id) ?? 0));
  same('spans that came twice although no answer was lost', twice, []);
  const known = [...took].filter(([id, times]) => times > (lost.get(id) ?? 0)).length;
  same('delivered is what the backend has acknowledged', account.delivered, known);
}
