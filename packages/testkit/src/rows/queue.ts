import type { ExportCall, Exporter, SpanData } from '@oc/core/exporter';
import { holds, same } from '../claim.ts';
import type { Row } from '../row.ts';
import type { Subject } from '../subject.ts';

/** An exporter that does not keep its side of the contract. */
function rogue(
  name: string,
  send: (call: ExportCall, spans: readonly SpanData[]) => Promise<void> | undefined,
): Exporter {
  const act = (items: readonly unknown[], call: ExportCall): Promise<void> =>
    send(call, items as never) as Promise<void>;
  return { name, exportSpans: act, exportMetrics: act };
}

/** Bursts, trickles, flushes, and other exporters beside. */
export const QUEUE: readonly Row[] = [
  {
    id: 'Q1',
    title:
      'a burst of 20,000 in one tick: all delivered; with a bound of 5,000: the bound kept, the loss counted exactly',
    signals: 'spans',
    isHeavy: true,
    applies: () => true,
    async run(lab) {
      const backend = await lab.backend();
      const subject = lab.open(backend, { delivery: { batchDelayMs: 1_000 } });
      const ids = subject.send(20_000);
      await lab.settled(subject);
      lab.accountIs(subject, 20_000);
      lab.tookOnce(backend, ids);
      same('lines that tell of a loss', subject.messages, []);

      const bounded = lab.open(await lab.backend(), { delivery: { queueItems: 5_000 } });
      bounded.send(20_000);
      const { queued, inFlight } = bounded.account();
      holds('the bound is kept', queued + inFlight <= 5_000, { queued, inFlight });
      await lab.settled(bounded);
      lab.accountIs(bounded, 5_000, { 'queue-full': 15_000 });
      same('lines that tell of it', bounded.messages.length, 1);
    },
  },
  {
    id: 'Q2',
    title: 'a steady trickle below the size of a batch: each item goes within the delay',
    signals: 'spans',
    applies: () => true,
    async run(lab) {
      const clock = lab.stopTime();
      const backend = await lab.backend();
      const subject = lab.open(backend, { delivery: { batchDelayMs: 300 } });
      const endedAt = new Map<string, number>();
      for (let at = 0; at < 34; at++) {
        const [id = ''] = subject.send(1, { prefix: `${at}-` });
        endedAt.set(id, clock.monotonic());
        await lab.pass(120);
      }
      await lab.pass(300);
      const waits = subject.calls.flatMap(({ ids, at }) => ids.map((id) => at - (endedAt.get(id) ?? 0)));
      same('items that were sent', waits.length, 34);
      holds('the longest wait is the delay', Math.max(...waits) <= 300, Math.max(...waits));
      holds('an item waits for company: three come within the delay', subject.calls.length <= 17, subject.calls.length);
    },
  },
  {
    id: 'Q3',
    title: 'flush called at once by several, and from within: one drain, all are answered when all is delivered',
    signals: 'each',
    applies: () => true,
    async run(lab) {
      const backend = await lab.backend();
      let inner: Promise<readonly { unsettled: number }[]> | undefined;
      const beside: Exporter = rogue('beside', async () => {
        inner ??= subject.oc.flush({ withinMs: 3_000 });
      });
      const subject: Subject = lab.open(backend, { delivery: { batchDelayMs: 60_000 }, beside: [beside] });
      const ids = subject.send(10);
      const flushes = Array.from({ length: 5 }, () => subject.oc.flush({ withinMs: 3_000 }));
      for (const health of await Promise.all(flushes)) {
        same(
          'what a flush leaves unsettled',
          health.map(({ unsettled }) => unsettled),
          [0, 0],
        );
      }
      await lab.arrived();
      same(
        'what has arrived when they are answered',
        ids.filter((id) => !backend.took.has(id)),
        [],
      );
      same('what one from within leaves unsettled', (await inner)?.[0]?.unsettled, 0);
      if (lab.signal === 'spans') {
        lab.tookOnce(backend, ids);
        same('calls', subject.calls.length, 1);
      }
    },
  },
  {
    id: 'Q4',
    title: 'one exporter hangs, another is healthy: it delivers, and a flush says which of them is late',
    signals: 'each',
    applies: () => true,
    async run(lab) {
      const backend = await lab.backend();
      const hanging = rogue('hanging', () => new Promise<void>(() => {}));
      const subject = lab.open(backend, { beside: [hanging] });
      const ids = subject.send(10);
      const health = await subject.oc.flush({ withinMs: 500 });
      same(
        'what is unsettled',
        health.map(({ unsettled }) => unsettled),
        [0, 10],
      );
      await lab.arrived();
      same(
        'what has arrived',
        ids.filter((id) => !backend.took.has(id)),
        [],
      );
      const closed = await subject.oc.shutdown({ withinMs: 600 });
      same(
        'what became of it',
        closed.map((each) => Object.keys(each[lab.signal].dropped)),
        [[], ['deadline']],
      );
    },
  },
  {
    id: 'Q5',
    title: 'another exporter throws, answers with no promise, or never: counted, bounded in time, and none of ours',
    signals: 'each',
    applies: () => true,
    async run(lab) {
      const backend = await lab.backend();
      const beside = [
        rogue('throws', () => {
          throw new Error('of the exporter');
        }),
        rogue('returns', () => undefined),
        rogue('never', () => new Promise<void>(() => {})),
        rogue('null', () => Promise.reject(null)),
      ];
      const subject = lab.open(backend, { beside });
      const ids = subject.send(5);
      await lab.until('ours arrive', () => ids.every((id) => backend.took.has(id)));
      const health = await subject.oc.shutdown({ withinMs: 800 });
      same(
        'what became of all',
        health.map(({ name, [lab.signal]: { accepted, delivered, dropped } }) => [
          name,
          delivered === accepted,
          ...Object.keys(dropped),
        ]),
        [
          [lab.check.name, true],
          ['throws', false, 'exporter-error'],
          ['returns', true],
          ['never', false, 'deadline'],
          ['null', false, 'exporter-error'],
        ],
      );
    },
  },
];
