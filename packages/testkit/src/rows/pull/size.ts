import { holds } from '../../claim.ts';
import { wordOf } from '../../program.ts';
import type { Row } from '../../row.ts';
import { ended, LISTEN, OPEN, run } from './program.ts';

/** Much to read. */
export const PULL_SIZE: readonly Row[] = [
  {
    id: 'P6',
    transport: 'pull',
    title: '200,000 series: in pieces, and between them the application gets its turns',
    signals: 'metrics',
    isHeavy: true,
    inChildren: true,
    applies: ({ receiver }) => ('path' in receiver && receiver.items !== undefined) || 'it shows no series',
    async run(lab) {
      const outcome = await run(
        lab,
        `${OPEN}
         import { connect } from 'node:net';
         const oc = open({ exporter, limits: { seriesPerView: 250_000 } });
         record(oc, 200_000);
         ${LISTEN}
         // Reads with as little work as can be.
         const read = () => new Promise((resolve) => {
           let bytes = 0, head = '', lines = 0;
           const socket = connect(at.port, at.host);
           socket.on('data', (chunk) => {
             if (bytes === 0) head = chunk.toString('latin1', 0, 2_000).split('\\r\\n\\r\\n')[0];
             bytes += chunk.length;
           });
           socket.on('close', () => resolve({ bytes, head }));
           socket.write('GET ' + path + ' HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n');
         });
         const rounds = [];
         for (let round = 0; round < 3; round++) {
           let longest = 0, last = performance.now(), isOver = false;
           const began = last;
           const turn = () => {
             const now = performance.now();
             longest = Math.max(longest, now - last);
             last = now;
             if (!isOver) setImmediate(turn);
           };
           turn();
           const { bytes, head } = await read();
           isOver = true;
           rounds.push({ bytes, head, longest, whole: performance.now() - began });
         }
         say(rounds);
         await oc.shutdown();`,
        { longestMs: 18_000 },
      );
      const rounds = wordOf<readonly { bytes: number; head: string; longest: number; whole: number }[]>(outcome);
      ended(outcome);
      holds(
        'all of it came',
        rounds.every(({ bytes }) => bytes > 200_000 * 10),
        rounds,
      );
      holds(
        'it comes in pieces',
        rounds.every(({ head }) => /^transfer-encoding: chunked/im.test(head)),
        rounds,
      );
      // By the share of the whole, since a machine that is busy makes each part of it longer.
      const shares = rounds.map(({ longest, whole }) => longest / whole);
      holds('no turn takes a quarter of the whole', Math.min(...shares) < 0.25, rounds);
    },
  },
];
