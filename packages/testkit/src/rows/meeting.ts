import { holds, same } from '../claim.ts';
import type { HttpBackend } from '../http-backend.ts';
import type { Lab } from '../lab.ts';
import { type Answer, type Arrival, answering, type Behaviour } from '../servers/http.ts';
import type { Subject } from '../subject.ts';

/** Answers, as its backend does, to what holds an item with one of the names; takes anything else. */
export function refusing(lab: Lab, answer: Answer, isBad: (arrival: Arrival) => boolean): Behaviour {
  return { act: (arrival) => (isBad(arrival) ? arrival.answer(answer) : lab.accepting.act(arrival)) };
}

/** Claims that a signal pauses: one attempt, one line that says why; and that all arrives once the cause is mended. */
export async function pausesAndGoesOn(lab: Lab, answer: Answer, line: RegExp): Promise<void> {
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
export async function firstMeets(
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
