import { holds, same } from '../claim.ts';
import { needing, overHttp, type Row } from '../row.ts';
import { answering } from '../servers/http.ts';
import type { Subject } from '../subject.ts';
import { firstMeets, pausesAndGoesOn, refusing } from './meeting.ts';

const HINTS: readonly { readonly says: string; readonly least: number; readonly most: number }[] = [
  { says: '2', least: 2_000, most: 2_600 },
  { says: 'date', least: 1_000, most: 5_100 },
  { says: '0', least: 250, most: 600 },
  { says: '-1', least: 250, most: 600 },
  { says: 'soon', least: 250, most: 600 },
  { says: '1000000000', least: 300_000, most: 300_100 },
];

/** Answers after which all of it is sent again: later, or when somebody has mended what is wrong. */
export const WAITS: readonly Row[] = [
  {
    id: 'B1',
    title: 'throttled, with Retry-After 2, a date, 0, -1, nonsense, 10^9: waits for it, at least 250 ms, at most 5 min',
    signals: 'each',
    applies: needing(overHttp),
    async run(lab) {
      lab.stopTime();
      const subjects: Subject[] = [];
      for (const { says } of HINTS) {
        const backend = await lab.http();
        const text = says === 'date' ? new Date(Date.now() + 3_000).toUTCString() : says;
        backend.server.next(answering(lab.answers.throttled(text)));
        const subject = lab.open(backend);
        subject.send(2);
        subjects.push(subject);
      }
      await lab.until('all arrive', () => subjects.every(({ isSettled }) => isSettled));
      for (const [i, { says, least, most }] of HINTS.entries()) {
        const [first, second] = subjects[i]?.calls ?? [];
        const waited = (second?.at ?? 0) - (first?.endedAt ?? 0);
        holds(`after Retry-After: ${says} it waits ${least} to ${most} ms`, waited >= least && waited <= most, waited);
        lab.accountIs(subjects[i] as Subject, 2);
      }
    },
  },
  {
    id: 'B2',
    title:
      'unavailable once: delivered once; for ever: the queue keeps to its bound; one batch of several: it alone is given up',
    signals: 'spans',
    applies: needing(overHttp),
    async run(lab) {
      lab.stopTime();
      const { unavailable } = lab.answers;
      const { backend, subject, ids } = await firstMeets(lab, answering(unavailable));
      lab.accountIs(subject, ids.length);
      lab.tookOnce(backend, ids);
      same('requests, and lines about one refusal', [backend.server.arrivals.length, ...subject.messages], [2]);

      const down = await lab.http();
      down.server.behave = answering(unavailable);
      const waiting = lab.open(down, { delivery: { queueItems: 20, batchItems: 10 } });
      const waited = waiting.send(25);
      for (let minute = 1; minute <= 10; minute++) {
        await lab.pass(60_000);
        lab.accountIs(waiting, 0, { 'queue-full': 5 * minute });
        waiting.send(5, { prefix: `${minute}-` });
      }
      down.accept();
      await lab.settled(waiting);
      lab.accountIs(waiting, 20, { 'queue-full': 55 });
      lab.tookOnce(down, waited.slice(0, 20));

      const picky = await lab.http();
      let bad: ReadonlySet<string> = new Set();
      picky.server.behave = refusing(lab, unavailable, ({ items }) => items.some(({ id }) => bad.has(id)));
      const several = lab.open(picky, { delivery: { batchItems: 5, retryForMs: 20_000 } });
      bad = new Set(several.send(5, { prefix: 'bad' }));
      let good = several.send(5, { prefix: 'good0-' });
      for (let at = 1; at < 60 && several.account().dropped['retry-exhausted'] === undefined; at++) {
        await lab.pass(5_000);
        same(
          'good batches that wait for the bad one',
          good.filter((id) => !picky.took.has(id)),
          [],
        );
        good = several.send(5, { prefix: `good${at}-` });
      }
      await lab.pass(5_000);
      const { accepted } = several.account();
      lab.accountIs(several, accepted - 5, { 'retry-exhausted': 5 });
    },
  },
  {
    id: 'B5',
    title: '401, 403: pauses with one line, probes each minute, keeps its queue to the bound',
    signals: 'each',
    applies: needing(overHttp),
    async run(lab) {
      lab.stopTime();
      for (const status of [401, 403]) await pausesAndGoesOn(lab, { status }, new RegExp(`\\b${status}\\b`));
    },
  },
  {
    id: 'B6',
    title: '404, 405, 407: pauses with one line that names method and path',
    signals: 'each',
    applies: needing(overHttp),
    async run(lab) {
      lab.stopTime();
      for (const status of [404, 405, 407]) {
        await pausesAndGoesOn(
          lab,
          { status },
          new RegExp(`\\b(POST|PUT|GET) http://127\\.0\\.0\\.1:\\d+.*\\b${status}\\b`),
        );
      }
    },
  },
];
