import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { holds, same } from '../claim.ts';
import type { HttpBackend, Lab } from '../lab.ts';
import { answeringWith, needing, overHttp, type Row, taking } from '../row.ts';
import { type Answer, type Arrival, answering, type Behaviour, bytesOf, takeAndReset } from '../servers/http.ts';
import type { Subject } from '../subject.ts';

const HINTS: readonly { readonly says: string; readonly least: number; readonly most: number }[] = [
  { says: '2', least: 2_000, most: 2_600 },
  { says: 'date', least: 1_000, most: 5_100 },
  { says: '0', least: 250, most: 600 },
  { says: '-1', least: 250, most: 600 },
  { says: 'soon', least: 250, most: 600 },
  { says: '1000000000', least: 300_000, most: 300_100 },
];

/** Answers, as its backend does, to what holds an item with one of the names; takes anything else. */
function refusing(lab: Lab, answer: Answer, isBad: (arrival: Arrival) => boolean): Behaviour {
  return { act: (arrival) => (isBad(arrival) ? arrival.answer(answer) : lab.accepting.act(arrival)) };
}

/** Claims that a signal pauses: one attempt, one line that says why; and that all arrives once the cause is mended. */
async function pausesAndGoesOn(lab: Lab, answer: Answer, line: RegExp): Promise<void> {
  const what = `after ${answer.status}`;
  const backend = await lab.http();
  backend.server.behave = answering(answer);
  const subject = lab.open(backend, { delivery: { queueItems: 10 } });
  const ids = subject.send(4);
  await lab.until(`${what} the call has ended`, () => subject.calls[0]?.endedAt !== undefined);
  await lab.pass(59_000);
  same(`${what} the state`, subject.account().state, 'paused');
  same(`${what} attempts in the first minute`, subject.calls.length, 1);
  await lab.pass(62_000);
  holds(
    `${what} it is tried again each minute`,
    subject.calls.length >= 2 && subject.calls.length <= 4,
    subject.calls.length,
  );
  same(`${what} lines`, subject.messages.length, 1);
  holds(`${what} the line says why`, line.test(subject.messages[0] ?? ''), subject.messages);
  same(`${what} losses`, subject.account().dropped, {});
  if (lab.signal === 'spans') {
    subject.send(10, { prefix: 'more' });
    await lab.pass(2_000);
    same(`${what} the queue is kept to its bound`, subject.account().dropped, { 'queue-full': 4 });
  }
  backend.accept();
  await lab.settled(subject);
  same(
    `${what} all that was kept arrives`,
    ids.filter((id) => !backend.took.has(id)),
    [],
  );
  same('items that the account has lost sight of', subject.imbalance(), 0);
}

/** Opens a backend that treats the first request so and takes the others; sends and waits until all is settled. */
async function firstMeets(
  lab: Lab,
  behaviour: Behaviour,
  count = 3,
): Promise<{ backend: HttpBackend; subject: Subject; ids: readonly string[] }> {
  const backend = await lab.http();
  backend.server.next(behaviour);
  const subject = lab.open(backend);
  const ids = subject.send(count);
  await lab.settled(subject);
  return { backend, subject, ids };
}

/** A request in a half of all tests is one batch; this many items are in it. */
const BATCH = 512;

export const ANSWERS: readonly Row[] = [
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

      const down = await lab.http();
      down.server.behave = answering(unavailable);
      const waiting = lab.open(down, { delivery: { queueItems: 20, batchItems: 10 } });
      waiting.send(25);
      await lab.pass(600_000);
      lab.accountIs(waiting, 0, { 'queue-full': 5 });
      down.accept();
      await lab.settled(waiting);
      lab.accountIs(waiting, 20, { 'queue-full': 5 });

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
    id: 'B3',
    title: 'too large: split in halves until it fits; an item that is too large alone is dropped and named',
    signals: 'each',
    applies: needing(overHttp),
    async run(lab) {
      lab.stopTime();
      const backend = await lab.http();
      const isLarge = ({ items }: Arrival): boolean =>
        items.length > 2 || lab.namesIn(items).some((name) => name.startsWith('giant'));
      backend.server.behave = refusing(lab, lab.answers.tooLarge, isLarge);
      const subject = lab.open(backend);
      const ids = subject.send(8);
      await lab.settled(subject);
      lab.accountIs(subject, 8);
      lab.tookOnce(backend, ids);

      const second = lab.open(backend);
      const fit = second.send(3, { prefix: 'fit' });
      const [giant = ''] = second.send(1, { prefix: 'giant' });
      await lab.settled(second);
      same(
        'what fits has arrived',
        fit.filter((id) => !backend.took.has(id)),
        [],
      );
      same('losses of the giant', Object.keys(second.account().dropped), ['too-large']);
      const name = lab.signal === 'spans' ? 'giant0' : giant;
      holds(
        'the report names it',
        second.messages.some((message) => message.includes(name)),
        second.messages,
      );
    },
  },
  {
    id: 'B4',
    title:
      'a poison item in 512: found and dropped, the others arrive; 512 of them cost at most 20 requests, the next batch one',
    signals: 'spans',
    applies: needing(overHttp, answeringWith('poisoned', 'its backend does not refuse a whole request for one item')),
    async run(lab) {
      lab.stopTime();
      const backend = await lab.http();
      const { poisoned = { status: 400 } } = lab.receiver;
      backend.server.behave = refusing(lab, poisoned, ({ items }) =>
        items.some(({ name }) => name.startsWith('poison')),
      );
      const subject = lab.open(backend, { delivery: { batchItems: BATCH, maxInFlight: 1 } });
      const before = subject.send(300, { prefix: 'a' });
      subject.send(1, { prefix: 'poison' });
      const after = subject.send(211, { prefix: 'b' });
      await lab.settled(subject);
      lab.accountIs(subject, BATCH - 1, { rejected: 1 });
      lab.tookOnce(backend, [...before, ...after]);
      holds(
        'to find it costs at most 64 requests',
        backend.server.arrivals.length <= 64,
        backend.server.arrivals.length,
      );

      const requests = async (prefix: string): Promise<number> => {
        const seen = backend.server.arrivals.length;
        subject.send(BATCH, { prefix });
        await lab.settled(subject);
        return backend.server.arrivals.length - seen;
      };
      const allBad = await requests('poison');
      holds('512 bad ones cost at most 20 requests', allBad >= 2 && allBad <= 20, allBad);
      same('the next bad batch costs', await requests('poison-again'), 1);
      lab.accountIs(subject, BATCH - 1, { rejected: 1 + 2 * BATCH });
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
  {
    id: 'B7',
    title: 'a part was refused: only what may be sent again is; the rest is counted',
    signals: 'each',
    applies: needing(overHttp, answeringWith('partial', 'its backend takes all of a request or nothing')),
    async run(lab) {
      lab.stopTime();
      const { subject, backend, ids } = await firstMeets(
        lab,
        {
          act(arrival) {
            const [a, b, c, d, ...rest] = arrival.items;
            const some = (...items: (typeof a)[]): (typeof arrival.items)[number][] =>
              items.filter((item) => item !== undefined);
            const accepted = some(...rest);
            arrival.take(accepted.map(({ id }) => id));
            arrival.answer(lab.receiver.partial?.({ accepted, rejected: some(a, b), retryable: some(c, d) }) as Answer);
          },
        },
        10,
      );
      lab.accountIs(subject, 8, { rejected: 2 });
      same('how often each was taken', [...backend.took.values()], Array(8).fill(1));
      const [, again] = backend.server.arrivals;
      same('what was sent again', again?.items.length, 2);
      same(
        'items that nobody issued',
        [...backend.took.keys()].filter((id) => !ids.includes(id)),
        [],
      );
    },
  },
  {
    id: 'B8',
    title: 'a 200 with a login page: not delivered; a 200 with text that means nothing: delivered, and not sent again',
    signals: 'each',
    applies: needing(overHttp),
    async run(lab) {
      lab.stopTime();
      const page = {
        status: 200,
        headers: { 'content-type': 'text/html; charset=utf-8' },
        body: '<html>Log in</html>',
      };
      await pausesAndGoesOn(lab, page, /\b200\b/);

      for (const body of ['{"partialSuccess":{"rejec', 'no JSON at all', '\u0000\u0001']) {
        const { backend, subject, ids } = await firstMeets(lab, {
          act(arrival) {
            arrival.take();
            arrival.answer({ status: 200, headers: { 'content-type': 'application/json' }, body });
          },
        });
        lab.accountIs(subject, ids.length);
        lab.tookOnce(backend, ids);
        if (lab.receiver.partial) holds('a warning tells of it', subject.account().lastWarning !== undefined);
      }
    },
  },
  {
    id: 'B9',
    title: '200, 201, 202, 204, 206 as the backend means them; 100 and 103 before them are passed over',
    signals: 'each',
    applies: needing(overHttp),
    async run(lab) {
      lab.stopTime();
      const { meanings = {}, accepted } = lab.receiver;
      for (const status of [200, 201, 202, 204, 206]) {
        const meaning = meanings[status];
        const { subject, ids } = await firstMeets(lab, answering({ ...accepted, status }));
        const [first] = subject.calls;
        same(`a ${status} means`, first?.outcome, meaning ?? 'ok');
        if (meaning === undefined) lab.accountIs(subject, ids.length);
      }
      const { backend, subject, ids } = await firstMeets(lab, {
        act(arrival) {
          arrival.take();
          const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n';
          arrival.write(`HTTP/1.1 100 Continue\r\n\r\n${hints}`);
          arrival.answer(accepted);
        },
      });
      lab.accountIs(subject, ids.length);
      lab.tookOnce(backend, ids);
    },
  },
  {
    id: 'B10',
    title: '301, 302, 307, 308 to the same host, another, another scheme: never followed, and told with the host',
    signals: 'first',
    applies: needing(overHttp),
    async run(lab) {
      lab.stopTime();
      const other = await lab.http();
      for (const status of [301, 302, 307, 308]) {
        for (const location of ['/elsewhere', `${other.target.url}/elsewhere`, 'https://other.test/elsewhere']) {
          const backend = await lab.http();
          backend.server.behave = answering({ status, headers: { location } });
          const subject = lab.open(backend, { delivery: { batchDelayMs: 0 } });
          subject.send(2);
          await lab.until('the call has ended', () => subject.calls[0]?.endedAt !== undefined);
          await lab.until('it is told', () => subject.messages.length > 0);
          const what = `after ${status} to ${location}`;
          same(`${what} requests`, backend.server.arrivals.length, 1);
          same(`${what} the state`, subject.account().state, 'paused');
          const host = new URL(location, backend.target.url).host;
          holds(`${what} the line names the host`, subject.messages[0]?.includes(host) === true, subject.messages);
        }
      }
      same('requests that followed', other.server.arrivals.length, 0);
    },
  },
  {
    id: 'B11',
    title: 'an answer of 1 GB, or of 300 MB packed into 300 KB: little of it is read, memory grows less than 16 MiB',
    signals: 'first',
    inChildren: true,
    applies: needing(overHttp),
    async run(lab) {
      const backend = await lab.http();
      let written = 0;
      const plain: Behaviour = {
        act(arrival) {
          arrival.take();
          arrival.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n');
          const chunk = Buffer.alloc(1 << 20, 'x');
          const more = (): void => {
            while (!arrival.socket.destroyed && written < 1e9) {
              written += chunk.length;
              if (!arrival.socket.write(chunk)) return void arrival.socket.once('drain', more);
            }
          };
          more();
        },
      };
      const bomb = gzipSync(Buffer.alloc(300e6), { level: 1 });
      const packed: Behaviour = {
        act(arrival) {
          arrival.take();
          arrival.write(bytesOf({ status: 200, headers: { 'content-encoding': 'gzip' }, body: bomb }));
        },
      };
      backend.server.next(lab.accepting, plain, packed);
      const { code, stderr, said } = await lab.run(
        `const peak = () => process.resourceUsage().maxRSS * 1_024;
         const oc = open({ onError() {} });
         const grown = [];
         for (const name of ['warm', 'plain', 'packed']) {
           const before = peak();
           record(oc, 1, name);
           await oc.flush({ withinMs: 6_000 });
           grown.push(peak() - before);
         }
         say({ grown: grown.slice(1), ...figures(oc) });`,
        { target: backend.target, flags: ['--max-semi-space-size=1'] },
      );
      same('the program ends as it should', { code, stderr }, { code: 0, stderr: '' });
      const [{ grown, accepted, delivered, dropped }] = said as [
        { grown: number[]; accepted: number; delivered: number; dropped: object },
      ];
      same('what a 200 said counts', { delivered, dropped }, { delivered: accepted, dropped: {} });
      holds(
        'memory grows less than 16 MiB',
        grown.every((bytes) => bytes < 16 << 20),
        grown,
      );
      holds('of the plain one no more is read than fits into buffers', written < 64 << 20, written);
    },
  },
  {
    id: 'B12',
    title: 'control characters and length in an answer: one short clean line in every report',
    signals: 'first',
    applies: needing(overHttp),
    async run(lab) {
      lab.stopTime();
      const hostile = `no\r\n[oc] forged line\u001b[2J\u0000\u2028\u202e${'x'.repeat(100_000)}`;
      for (const status of [400, 403, 503, 599]) {
        const backend = await lab.http();
        backend.server.behave = answering({ status, body: hostile });
        const subject = lab.open(backend, { delivery: { batchDelayMs: 0, batchItems: 2 } });
        subject.send(2);
        await lab.until('it is told', () => subject.messages.length > 0 || subject.calls.length > 3);
        const { lastError } = subject.account();
        const texts = [
          ...subject.messages,
          lastError?.message ?? '',
          ...subject.problems.map(({ cause }) => messageOf(cause)),
        ];
        holds(
          'something tells of it',
          texts.some((text) => text !== ''),
        );
        for (const text of texts) {
          holds('no control character is passed on', !/[\p{Cc}\u2028\u2029]/u.test(text), text.slice(0, 300));
          holds(
            'of the answer at most 200 characters are',
            text.length < 500 && !text.includes('x'.repeat(201)),
            text.length,
          );
        }
      }
      // A reason phrase that is no text.
      const backend = await lab.http();
      backend.server.next({
        act: (arrival) =>
          arrival.write(Buffer.from('HTTP/1.1 400 \u001b[2J\u0007no\r\ncontent-length: 0\r\n\r\n', 'latin1')),
      });
      const subject = lab.open(backend);
      subject.send(1);
      await lab.settled(subject);
      const shown = inspect(subject.problems, { depth: 5 });
      holds(
        'nor of the reason',
        !shown.includes('\u001b') && subject.messages.every((text) => !/\p{Cc}/u.test(text)),
        shown,
      );
    },
  },
  {
    id: 'B15',
    title: 'the answer is lost: the same items are sent again unchanged, or, where they must not be, counted',
    signals: 'each',
    applies: needing(overHttp),
    async run(lab) {
      lab.stopTime();
      const { backend, subject, ids } = await firstMeets(lab, takeAndReset, 5);
      const [first, second] = backend.server.arrivals;
      if (lab.isOnce) {
        lab.accountIs(subject, 0, { unconfirmed: ids.length });
        same('requests', backend.server.arrivals.length, 1);
      } else {
        lab.accountIs(subject, ids.length);
        same('what was sent again', second?.items, first?.items);
        same(
          'how often each came',
          [...backend.took.values()],
          ids.map(() => 2),
        );
      }
    },
  },
  {
    id: 'B17',
    title: 'two exporters to one host with keys of their own: no request and no socket carries both',
    signals: 'first',
    applies: needing(overHttp, taking('secret')),
    async run(lab) {
      lab.stopTime();
      const backend = await lab.http();
      const secrets = ['key-of-the-first', 'key-of-the-second'] as const;
      const subjects = secrets.map((secret) => lab.open({ ...backend.target, secret }));
      for (let round = 0; round < 3; round++) {
        for (const [i, subject] of subjects.entries()) subject.send(2, { prefix: `${i}-${round}-` });
        await lab.until('all arrive', () => subjects.every(({ isSettled }) => isSettled));
      }
      const seen = backend.server.arrivals.map(({ head, items, socket }) => ({
        owner: lab.namesIn(items)[0]?.slice(0, 1),
        keys: secrets.filter((secret) => head.includes(secret) || head.includes(btoa(secret))),
        socket,
      }));
      same(
        'whose key each request carries',
        seen.map(({ owner, keys }) => [owner, ...keys]),
        seen.map(({ owner }) => [owner, secrets[Number(owner)] ?? '']),
      );
      const shared = seen.filter(({ socket, owner }) =>
        seen.some((other) => other.socket === socket && other.owner !== owner),
      );
      same('sockets that both used', shared.length, 0);
    },
  },
];

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : '';
}
