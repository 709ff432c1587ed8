import type { ExporterHealth } from '@oc/core';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../testkit/src/clock.ts';
import { type Arrival, Backend, endSpans, imbalance, randomFrom, rig, type Wire, wire } from './wire.ts';

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 30));
const ATTEMPT_MS = 2_000;
const MOST_ITEMS = 150;

/** A backend that does harm by chance, and what its ledger says about answers that never arrived. */
class Tormentor {
  readonly backend: Backend;
  /** How often an id was taken without the client getting to know. */
  readonly lost = new Map<string, number>();
  /** Requests that wait for the client to give up. */
  hung = 0;
  isHarmful = true;
  readonly #random: () => number;

  private constructor(backend: Backend, seed: number) {
    this.backend = backend;
    this.#random = randomFrom(seed);
    backend.behave = (arrival) => this.#treat(arrival);
  }

  static async open(seed: number): Promise<Tormentor> {
    return new Tormentor(await Backend.open(), seed);
  }

  #treat(arrival: Arrival): void {
    const { ids } = arrival;
    if (ids.length > MOST_ITEMS || ids.some((id) => id.startsWith('huge'))) arrival.answer(413);
    else if (ids.some((id) => id.startsWith('poison'))) arrival.answer(400);
    else if (this.isHarmful) this.#harm(arrival);
    else arrival.answer(204);
  }

  #harm(arrival: Arrival): void {
    const { response, socket } = arrival;
    const harms: readonly (readonly [number, () => void])[] = [
      [0.06, () => arrival.answer(503)],
      [0.02, () => arrival.answer(429, { 'retry-after': '3' })],
      [0.05, () => socket.resetAndDestroy()],
      [0.04, () => this.#lose(arrival, () => socket.resetAndDestroy())],
      [0.02, () => this.#lose(arrival, () => this.#hang(arrival))],
      [0.02, () => this.#hang(arrival)],
      [0.01, () => arrival.answer(401)],
      [0.01, () => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
      [0.02, () => response.writeHead(307, { location: 'http://127.0.0.1:9/' }).end()],
      [0.1, () => this.#partly(arrival)],
      [0.03, () => this.#partlyByCount(arrival)],
      [0.1, () => setTimeout(() => arrival.answer(204), 1 + this.#random() * 10)],
      [1, () => arrival.answer(204)],
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
  #lose(arrival: Arrival, act: () => void): void {
    arrival.take();
    for (const id of arrival.ids) this.lost.set(id, (this.lost.get(id) ?? 0) + 1);
    act();
  }

  #hang({ socket }: Arrival): void {
    this.hung++;
    socket.once('close', () => this.hung--);
  }

  #partly(arrival: Arrival): void {
    const parts: Record<'unavailable' | 'rejected' | 'taken', string[]> = { unavailable: [], rejected: [], taken: [] };
    for (const id of arrival.ids) {
      const dice = this.#random();
      parts[dice < 0.2 ? 'unavailable' : dice < 0.25 ? 'rejected' : 'taken'].push(id);
    }
    const failed = (['unavailable', 'rejected'] as const)
      .map((failure) => ({ failure, ids: parts[failure] }))
      .filter(({ ids }) => ids.length > 0);
    arrival.take(parts.taken);
    arrival.response.writeHead(200).end(JSON.stringify({ failed }));
  }

  #partlyByCount(arrival: Arrival): void {
    const count = Math.floor(this.#random() * (arrival.ids.length + 1));
    arrival.take(arrival.ids.slice(count));
    arrival.response.writeHead(200).end(JSON.stringify({ failed: [{ failure: 'rejected', count }] }));
  }
}

test(`under mixed faults every span that was accepted arrives or is counted, and the account is right at any moment (SEED=${SEED})`, async () => {
  const random = randomFrom(SEED);
  const clock = new ManualClock();
  const tormentors = await Promise.all([1, 2, 3].map((n) => Tormentor.open(SEED + n)));
  const exporters: readonly Wire[] = tormentors.map(({ backend }) =>
    wire(backend, { clock, failures: { 400: 'poisoned' } }),
  );
  const busy = (): boolean =>
    exporters.reduce((sum, { running }) => sum + running, 0) > tormentors.reduce((sum, { hung }) => sum + hung, 0);

  let instants = 0;
  const imbalances: unknown[] = [];
  const look = (where: string): void => {
    instants++;
    for (const health of oc.health()) {
      const by = imbalance(health.spans);
      if (by !== 0 || health.spans.queued < 0 || health.spans.inFlight < 0) imbalances.push([where, by, health]);
    }
  };
  const [first, second, third] = exporters as [Wire, Wire, Wire];
  const { oc } = rig(
    [
      [first, { attemptMs: ATTEMPT_MS, batchItems: 200 }],
      [second, { attemptMs: ATTEMPT_MS, batchItems: 20, retryForMs: 5_000, maxInFlight: 2 }],
      [third, { attemptMs: ATTEMPT_MS, queueItems: 400, dropWhenFull: 'oldest' }],
    ],
    { clock, onError: () => look('in onError') },
  );

  let issued = 0;
  const flushes: Promise<unknown>[] = [];
  for (let step = 0; step < 1_000; step++) {
    // Mostly a trickle, with bursts.
    const count = random() < 0.05 ? Math.floor(random() * 700) : Math.floor(random() * 20);
    endSpans(oc, count, `${step}-`);
    issued += count;
    for (const kind of ['poison', 'huge']) {
      if (random() < 0.02) issued += endSpans(oc, 1, `${kind}${step}-`).length;
    }
    look('after spans ended');
    if (random() < 0.05) flushes.push(oc.flush({ withinMs: 1 + random() * 2_000 }));
    await clock.pass(random() * 300, busy);
    look('between calls');
  }
  for (const tormentor of tormentors) tormentor.isHarmful = false;
  await clock.pass(5_000, busy); // until the last hint is over: a flush does not go against it
  await clock.settle(oc.flush({ withinMs: 3_000_000 }), busy);
  await clock.settle(Promise.all(flushes), busy);
  look('at the end');
  expect(instants).toBeGreaterThan(1_000);
  expect(imbalances.slice(0, 3)).toEqual([]);
  for (const [i, { spans }] of oc.health().entries()) {
    expect(spans).toMatchObject({ state: 'idle', accepted: issued, queued: 0, inFlight: 0 });
    expect(spans.delivered).toBe(exporters[i]?.calls.reduce((sum, { accepted }) => sum + accepted, 0));
  }

  // A fresh span passes.
  endSpans(oc, 1, 'fresh');
  const closed = await clock.settle(oc.shutdown(), busy);
  for (const [i, tormentor] of tormentors.entries()) compare(closed[i] as ExporterHealth, tormentor, issued + 1);
}, 20_000);

/** Compares an account with the backend's own ledger. */
function compare({ name, spans }: ExporterHealth, { backend, lost }: Tormentor, issued: number): void {
  const { took } = backend;
  const counted = Object.values(spans.dropped).reduce((sum, count) => sum + count, 0);
  expect(took.get('fresh0'), name).toBe(1);
  expect(spans.accepted).toBe(issued);
  expect(spans.delivered + counted, name).toBe(issued);
  // What did not arrive is counted as dropped; only what was taken without an answer may be in both.
  expect(issued - took.size).toBeLessThanOrEqual(counted);
  const known = [...took].filter(([id, times]) => times > (lost.get(id) ?? 0));
  expect(spans.delivered, name).toBe(known.length);
  const twice = known.filter(([id, times]) => times - (lost.get(id) ?? 0) > 1);
  expect(twice, name).toEqual([]);
  expect([...took.keys()].filter((id) => /^(poison|huge)/.test(id))).toEqual([]);
  expect([...took.keys()].filter((id) => !/^(\d+-\d+|fresh0)$/.test(id))).toEqual([]);
  // The faults have really struck.
  expect(
    [...took.values()].some((times) => times > 1),
    name,
  ).toBe(true);
  expect(Object.keys(spans.dropped)).toEqual(expect.arrayContaining(['rejected', 'too-large']));
}
