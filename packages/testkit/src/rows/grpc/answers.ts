import type { ServerHttp2Stream } from 'node:http2';
import { meaningOf } from '../../backends.ts';
import { holds, same } from '../../claim.ts';
import { answered, needing, type Row } from '../../row.ts';
import { ending, type GrpcArrival, type GrpcBehaviour } from '../../servers/grpc.ts';
import { headOf, RESPONSE } from '../../servers/grpc-call.ts';
import { lossOf } from '../../subject.ts';
import { growsLittle, packedZeros } from '../bodies.ts';
import { arrivesOrIsUnconfirmed, firstMeets, pausesAndGoesOn, STATUS_NAMES } from './meeting.ts';

const HIGHEST_STATUS = 16;

/** An answer of a server that knows nothing of gRPC. */
function plainly(status: number): GrpcBehaviour {
  return {
    act({ stream }) {
      stream.respond({ ':status': status, 'content-type': 'text/html; charset=utf-8' });
      stream.end('<html>Log in</html>');
    },
  };
}

/** What answers mean, and those that are none. */
export const GRPC_ANSWERS: readonly Row[] = [
  {
    id: 'B8',
    transport: 'grpc',
    title: 'an answer in plain HTTP: 503 again, 401 and 404 pause, a page is no yes; a reply that means nothing is one',
    signals: 'first',
    applies: needing(answered),
    async run(lab) {
      lab.stopTime();
      const { subject, backend, ids } = await firstMeets(lab, () => plainly(503));
      lab.accountIs(subject, ids.length);
      lab.tookOnce(backend, ids);
      for (const status of [401, 404]) await pausesAndGoesOn(lab, `HTTP ${status}`, plainly(status), []);
      const page = await lab.grpc();
      page.grpc.behave = plainly(200);
      const taken = lab.open(page);
      taken.send(2);
      await lab.until('the call has ended', () => taken.calls[0]?.endedAt !== undefined);
      same('delivered by a page', taken.account().delivered, 0);

      if (!(lab.calling.accepted instanceof Uint8Array)) return;
      const vague = await firstMeets(lab, () => ({
        act(arrival: GrpcArrival) {
          arrival.take();
          arrival.accept(Uint8Array.of(0xff, 0xff, 0xff));
        },
      }));
      lab.accountIs(vague.subject, vague.ids.length);
      lab.tookOnce(vague.backend, vague.ids);
    },
  },
  {
    id: 'B9',
    transport: 'grpc',
    title: 'each status means what its backend says: again, paused, or dropped with a count',
    signals: 'each',
    applies: needing(answered),
    async run(lab) {
      lab.stopTime();
      for (let status = 1; status <= HIGHEST_STATUS; status++) {
        const backend = await lab.grpc();
        backend.grpc.next(ending({ status, message: 'told' }));
        const subject = lab.open(backend);
        const ids = subject.send(1);
        await lab.settled(subject);
        const meaning = meaningOf(status, lab.calling);
        const outcome = subject.calls[0]?.outcome;
        const isInDoubt = lab.isOnce && outcome === 'unconfirmed' && meaning === 'unavailable';
        if (!isInDoubt) same(`${STATUS_NAMES[status - 1]} (${status}) means`, outcome, meaning);
        const isDropped = ['rejected', 'poisoned', 'unconfirmed'].includes(outcome ?? '');
        same(`what became of it after ${status}`, subject.account().delivered, isDropped ? 0 : ids.length);
        same('items that the account has lost sight of', subject.imbalance(), 0);
      }
    },
  },
  {
    id: 'B11',
    transport: 'grpc',
    title: 'a reply of 1 GB, or of 300 MB packed into 300 KB, or replies without end: memory grows less than 16 MiB',
    signals: 'first',
    inChildren: true,
    applies: needing(answered),
    async run(lab) {
      const backend = await lab.grpc();
      let written = 0;
      const endlessly = (stream: ServerHttp2Stream, chunk: Buffer): void => {
        while (!stream.destroyed && written < 1e9) {
          written += chunk.length;
          if (!stream.write(chunk)) return void stream.once('drain', () => endlessly(stream, chunk));
        }
      };
      const packed = await packedZeros(300e6);
      // Each is met once, by the first message that has the item of that name.
      const faults = new Map<string, (stream: ServerHttp2Stream) => void>([
        [
          'plain0',
          (stream) => {
            stream.respond(RESPONSE);
            stream.write(headOf(1e9));
            endlessly(stream, Buffer.alloc(1 << 16, 'x'));
          },
        ],
        [
          'packed0',
          (stream) => {
            stream.respond({ ...RESPONSE, 'grpc-encoding': 'gzip' });
            stream.end(Buffer.concat([headOf(packed.length, true), packed]));
          },
        ],
        [
          'replies0',
          (stream) => {
            stream.respond(RESPONSE);
            endlessly(stream, Buffer.concat(Array(2_000).fill(headOf(0))));
          },
        ],
      ]);
      backend.grpc.behave = {
        act(arrival) {
          const name = lab.namesIn(arrival.items).find((each) => faults.has(each));
          if (name === undefined) return backend.accepting.act(arrival);
          faults.get(name)?.(arrival.stream);
          faults.delete(name);
        },
      };
      const names = ['plain', 'packed', 'replies', 'last'];
      const figures = await growsLittle(lab, backend, names);
      same('faults that were not met', [...faults.keys()], []);
      const { accepted, delivered, dropped, queued, inFlight } = figures;
      same('items that the account has lost sight of', accepted - delivered - lossOf(dropped) - queued - inFlight, 0);
      same('items that are called too large where the reply is', dropped['too-large'] ?? 0, 0);
      holds('what comes after it arrives', lab.namesIn(backend.grpc.taken).includes('last0'), figures);
      holds('no more is read than fits into buffers', written < 64 << 20, written);
    },
  },
  {
    id: 'B12',
    transport: 'grpc',
    title: 'control characters and length in a message: one short clean line in every report',
    signals: 'first',
    applies: needing(answered),
    async run(lab) {
      lab.stopTime();
      const hostile = `no\r\n[oc] forged line\u001b[2J\u0000\u2028\u202e${'x'.repeat(4_000)}`;
      for (const status of [2, 3, 7, 14]) {
        const backend = await lab.grpc();
        backend.grpc.behave = ending({ status, message: hostile });
        const subject = lab.open(backend);
        subject.send(2);
        await lab.until('it is told', () => subject.messages.length > 0 || subject.calls.length > 3);
        const { lastError } = subject.account();
        const causes = subject.problems.map(({ cause }) => (cause instanceof Error ? cause.message : ''));
        const texts = [...subject.messages, ...causes, lastError?.message ?? ''].filter((text) => text !== '');
        holds('something tells of it', texts.length > 0);
        for (const text of texts) {
          holds('no control character is passed on', !/[\p{Cc}\u2028\u2029]/u.test(text), text.slice(0, 300));
          holds(
            'of the message at most 200 characters are',
            text.length < 500 && !text.includes('x'.repeat(201)),
            text.length,
          );
        }
      }
    },
  },
  {
    id: 'B15',
    transport: 'grpc',
    title: 'the answer is lost: the same items are sent again unchanged, or, where they must not be, counted',
    signals: 'each',
    applies: needing(answered),
    async run(lab) {
      lab.stopTime();
      const backend = await lab.grpc();
      backend.grpc.next({
        act(arrival) {
          if (lab.isOnce) arrival.take();
          arrival.drop();
        },
      });
      const subject = lab.open(backend);
      const ids = subject.send(5);
      if (lab.isOnce) {
        await lab.settled(subject);
        lab.accountIs(subject, 0, { unconfirmed: ids.length });
        same('messages', backend.grpc.arrivals.length, 1);
        return;
      }
      await arrivesOrIsUnconfirmed(lab, subject, backend, ids);
      const [first, ...others] = backend.grpc.arrivals;
      same('what was sent again', others.at(-1)?.items, first?.items);
    },
  },
];
