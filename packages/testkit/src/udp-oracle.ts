import type { UdpBackend } from './backends.ts';
import { same } from './claim.ts';
import type { Lab } from './lab.ts';
import type { OracleOptions } from './oracle.ts';
import { randomFrom } from './random.ts';
import { lossOf } from './subject.ts';

/** Longer than any datagram: 65,535 bytes with the heads of IP and UDP. */
export const GIANT_LENGTH = 70_000;
/** Limits under which a text may be that long. */
export const ROOMY: { readonly valueLength: number } = { valueLength: 2 * GIANT_LENGTH };

/** The oracle's properties as far as datagrams allow: what was under way when the port closed may be gone. */
export async function runUdpOracle(lab: Lab, { seed, steps = 150 }: OracleOptions): Promise<void> {
  const clock = lab.stopTime();
  const random = randomFrom(seed);
  const backend = await lab.udp();
  const subject = lab.open(backend, { limits: ROOMY, delivery: { batchItems: 100 } });
  const closed: { from: number; to: number }[] = [];
  for (let step = 0; step < steps; step++) {
    subject.send(random() < 0.05 ? Math.floor(random() * 300) : Math.floor(random() * 20), { prefix: `${step}-` });
    if (random() < 0.03) subject.send(1, { prefix: `huge${step}-`, padding: GIANT_LENGTH });
    same('items that the account has lost sight of', subject.imbalance(), 0);
    const last = closed.at(-1);
    if (last?.to === Number.POSITIVE_INFINITY) {
      if (random() < 0.3) {
        await backend.udp.listen();
        last.to = clock.monotonic();
      }
    } else if (random() < 0.05) {
      await backend.arrived?.();
      closed.push({ from: clock.monotonic(), to: Number.POSITIVE_INFINITY });
      await backend.udp.close();
    }
    await lab.pass(random() * 300);
  }
  if (closed.at(-1)?.to === Number.POSITIVE_INFINITY) await backend.udp.listen();
  for (const each of closed) each.to = Math.min(each.to, clock.monotonic());
  await lab.settled(subject);
  const [fresh = ''] = subject.send(1, { prefix: 'fresh' });
  await lab.settled(subject);

  const { issued } = subject;
  const account = subject.account();
  same('accepted is what was issued', account.accepted, issued.size);
  same('the account is even', account.delivered + lossOf(account.dropped), issued.size);
  same(
    'reasons for losses',
    Object.keys(account.dropped).filter((reason) => reason !== 'too-large'),
    [],
  );
  const gone = [...issued].filter(([id, { name }]) => name.startsWith('huge') && !backend.took.has(id));
  same('huge spans that are gone are counted', lossOf(account.dropped), gone.length);
  same('a fresh span after the faults', backend.took.get(fresh), 1);
  const isUncertain = ({ at, endedAt = at }: { at: number; endedAt: number | undefined }): boolean =>
    closed.some(({ from, to }) => at <= to && endedAt >= from);
  const uncertain = new Set(subject.calls.filter(isUncertain).flatMap(({ ids }) => ids));
  const missing = [...issued].filter(([id, { name }]) => !backend.took.has(id) && !name.startsWith('huge'));
  const lost = missing.filter(([id]) => !uncertain.has(id));
  if (backend.udp.lost === 0) same('spans that are gone although the port was open', lost, []);
  same(
    'spans that nobody issued',
    [...backend.took.keys()].filter((id) => !issued.has(id)),
    [],
  );
  same(
    'spans that came twice',
    twice(backend).filter((id) => !uncertain.has(id)),
    [],
  );
  for (const { id, name, attributes } of backend.items) {
    const given = issued.get(id);
    same('what a span carries', [name, attributes['testkit.payload']], [given?.name, given?.payload]);
  }
}

/** What came more than once. */
export function twice({ took }: UdpBackend): readonly string[] {
  return [...took].flatMap(([id, times]) => (times > 1 ? [id] : []));
}
