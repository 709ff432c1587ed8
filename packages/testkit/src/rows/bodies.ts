import { inspect, promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { SignalHealth } from '@oc/core';
import type { Backend } from '../backends.ts';
import { holds, same } from '../claim.ts';
import type { Lab } from '../lab.ts';
import { wordOf } from '../program.ts';
import { needing, overHttp, type Row } from '../row.ts';
import { answering, type Behaviour } from '../servers/http.ts';
import { bytesOf } from '../servers/http-bytes.ts';
import { firstMeets, pausesAndGoesOn } from './meeting.ts';

/** So many zeros as gzip packs them, beside the event loop: others have deadlines. */
export function packedZeros(bytes: number): Promise<Buffer> {
  return promisify(gzip)(Buffer.alloc(bytes), { level: 1 });
}

type Figures = Pick<SignalHealth, 'accepted' | 'delivered' | 'dropped' | 'queued' | 'inFlight'>;

/** Claims of a program that its memory grows little at the answer to each of these items; gives its account. */
export async function growsLittle(lab: Lab, { target }: Backend, names: readonly string[]): Promise<Figures> {
  const outcome = await lab.run(
    `const peak = () => process.resourceUsage().maxRSS * 1_024;
     const oc = open({ onError() {} });
     const grown = [];
     for (const name of ${JSON.stringify(['warm', ...names])}) {
       const before = peak();
       record(oc, 1, name);
       await oc.flush({ withinMs: 6_000 });
       grown.push(peak() - before);
     }
     say({ grown: grown.slice(1), ...figures(oc) });`,
    { target, flags: ['--max-semi-space-size=1'] },
  );
  const { code, stderr } = outcome;
  same('the program ends as it should', { code, stderr }, { code: 0, stderr: '' });
  const { grown, ...figures } = wordOf<Figures & { readonly grown: readonly number[] }>(outcome);
  holds(
    'memory grows less than 16 MiB',
    grown.every((bytes) => bytes < 16 << 20),
    grown,
  );
  return figures;
}

/** Answers whose text is not what it should be. */
export const BODIES: readonly Row[] = [
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
      const bomb = await packedZeros(300e6);
      const packed: Behaviour = {
        act(arrival) {
          arrival.take();
          arrival.write(bytesOf({ status: 200, headers: { 'content-encoding': 'gzip' }, body: bomb }));
        },
      };
      backend.server.next(lab.accepting, plain, packed);
      const { accepted, delivered, dropped } = await growsLittle(lab, backend, ['plain', 'packed']);
      same('what a 200 said counts', { delivered, dropped }, { delivered: accepted, dropped: {} });
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
      const hostile = `no\r\n[oc] forged line\u001b[2J\u0000\u0007\u0085\u009b\u2028\u2029\u202e${'x'.repeat(100_000)}`;
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
];

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : '';
}
