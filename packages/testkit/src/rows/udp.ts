import { inspect } from 'node:util';
import { holds, same, thrownBy } from '../claim.ts';
import type { Lab } from '../lab.ts';
import { runOracle } from '../oracle.ts';
import type { Row } from '../row.ts';
import { lossOf, type Subject } from '../subject.ts';
import { GIANT_LENGTH, ROOMY, twice } from '../udp-oracle.ts';

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 30));

/** Why other rows have nothing to do with datagrams, where they do not say so themselves. */
export const UDP_HAS_NO: Readonly<Record<string, string>> = {
  N1: 'a datagram knows of no connection: N10-refused has the closed port',
  N4: 'nothing answers a datagram, so that no call waits for it',
};

/** Sends enough for several datagrams; what of it has to arrive. */
function sendMany(lab: Lab, subject: Subject): readonly string[] {
  return lab.signal === 'spans'
    ? subject.send(24, { prefix: 'many', padding: 8_000 })
    : subject.send(400, { prefix: 'many', padding: 100 });
}

/** The rows of datagrams. */
export const UDP: readonly Row[] = [
  {
    id: 'N10',
    transport: 'udp',
    title: 'a batch too large for a datagram: goes in several; an item too large for any: named and counted, no other',
    signals: 'each',
    applies: () => true,
    async run(lab) {
      lab.stopTime();
      const backend = await lab.udp();
      const subject = lab.open(backend);
      const ids = sendMany(lab, subject);
      await lab.settled(subject);
      lab.accountIs(subject, ids.length);
      lab.tookOnce(backend, ids);
      holds('they came in several datagrams', backend.udp.datagrams.length > 1, backend.udp.datagrams.length);

      const second = lab.open(backend, { limits: ROOMY });
      const fit = second.send(3, { prefix: 'fit' });
      const [giant = ''] = second.send(1, { prefix: 'giant', padding: GIANT_LENGTH });
      const late = second.send(3, { prefix: 'late' });
      await lab.settled(second);
      same(
        'what fits has arrived',
        [...fit, ...late].filter((id) => !backend.took.has(id)),
        [],
      );
      const { dropped } = second.account();
      if (backend.took.has(giant)) same('losses, when its backend has the giant cut', dropped, {});
      else {
        same('reasons for losses', Object.keys(dropped), ['too-large']);
        if (lab.signal === 'spans') same('items that were lost', lossOf(dropped), 1);
        const name = lab.signal === 'spans' ? 'giant0' : giant;
        holds('the report names it', second.messages.join().includes(name), second.messages);
      }
      same('items that the account has lost sight of', second.imbalance(), 0);
    },
  },
  {
    id: 'N10-refused',
    transport: 'udp',
    title: 'a closed port (ICMP): told, tried again, not counted as delivered; closed and opened under it: goes on',
    signals: 'each',
    applies: () => true,
    async run(lab) {
      lab.stopTime();
      const backend = await lab.udp();
      await backend.udp.close();
      const subject = lab.open(backend);
      const ids = subject.send(3);
      await lab.pass(20_000);
      lab.accountIs(subject, 0);
      const { length } = subject.calls;
      holds('it is tried again, at most 80 times in 20 s', length >= 4 && length <= 80, length);
      const told = subject.account().lastError?.message ?? '';
      holds('what is told names the port', told.includes(String(backend.udp.port)), told);
      await backend.udp.listen();
      await lab.settled(subject);
      lab.accountIs(subject, ids.length);
      lab.tookOnce(backend, ids);

      for (const round of ['b', 'c']) {
        await backend.udp.close();
        const more = subject.send(2, { prefix: round });
        await lab.until('it is refused', () => subject.calls.at(-1)?.outcome === 'unavailable');
        await backend.udp.listen();
        await lab.settled(subject);
        same(
          'what was sent after the port had been closed',
          more.filter((id) => !backend.took.has(id)),
          [],
        );
        lab.accountIs(subject, subject.account().accepted);
      }
      if (lab.signal === 'spans') same('what came twice', twice(backend), []);
    },
  },
  {
    id: 'Q6',
    transport: 'udp',
    title: 'a port or host that is none: a ConfigError',
    signals: 'first',
    applies: () => true,
    async run(lab) {
      const wrong: readonly (readonly [unknown, unknown])[] = [
        ['127.0.0.1', -1],
        ['127.0.0.1', 65_536],
        ['127.0.0.1', 1.5],
        ['127.0.0.1', Number.NaN],
        ['127.0.0.1', 'http'],
        [7, 8_125],
      ];
      for (const [host, port] of wrong) {
        const error = await thrownBy(() => lab.make({ udp: { host, port } as never }));
        same(`what ${inspect({ host, port })} throws`, (error as Error | undefined)?.name, 'ConfigError');
        holds('the message says whose it is', String(error).includes(lab.check.name), String(error));
      }
    },
  },
  {
    id: 'oracle',
    transport: 'udp',
    title: `a port that comes and goes: what was acknowledged arrives or is counted, unchanged, and once (SEED=${SEED})`,
    signals: 'spans',
    applies: () => true,
    run: (lab) => runOracle(lab, { seed: SEED }),
  },
];
