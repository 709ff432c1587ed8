import type { GrpcBackend } from '../../backends.ts';
import { holds, same } from '../../claim.ts';
import type { Lab } from '../../lab.ts';
import type { GrpcBehaviour } from '../../servers/grpc.ts';
import type { Subject } from '../../subject.ts';

/** Opens a backend that treats the first message so and takes the others; sends and waits until all is settled. */
export async function firstMeets(
  lab: Lab,
  behaviour: (backend: GrpcBackend) => GrpcBehaviour,
  count = 3,
): Promise<{ backend: GrpcBackend; subject: Subject; ids: readonly string[] }> {
  const backend = await lab.grpc();
  backend.grpc.next(behaviour(backend));
  const subject = lab.open(backend);
  const ids = subject.send(count);
  await lab.settled(subject);
  return { backend, subject, ids };
}

/** Claims that a signal pauses: one attempt a minute, one line that says why; and that all arrives once it is mended. */
export async function pausesAndGoesOn(
  lab: Lab,
  what: string,
  behaviour: GrpcBehaviour,
  names: readonly string[],
): Promise<void> {
  const backend = await lab.grpc();
  backend.grpc.behave = behaviour;
  const subject = lab.open(backend, { delivery: { queueItems: 10 } });
  const ids = subject.send(4);
  await lab.until(`${what}: the call has ended`, () => subject.calls[0]?.endedAt !== undefined);
  await lab.pass(59_000);
  same(`${what}: the state`, subject.account().state, 'paused');
  same(`${what}: attempts in the first minute`, subject.calls.length, 1);
  await lab.pass(62_000);
  holds(
    `${what}: it is tried again each minute`,
    subject.calls.length >= 2 && subject.calls.length <= 4,
    subject.calls.length,
  );
  same(`${what}: lines`, subject.messages.length, 1);
  const { port } = backend.grpc.tcp;
  const missing = [`${port}`, ...names].filter((name) => !subject.messages[0]?.includes(name));
  same(`${what}: what the line does not name: ${subject.messages[0]}`, missing, []);
  same(`${what}: losses`, subject.account().dropped, {});
  backend.accept();
  await lab.settled(subject);
  same(
    `${what}: what was kept and does not arrive`,
    ids.filter((id) => !backend.took.has(id)),
    [],
  );
  same('items that the account has lost sight of', subject.imbalance(), 0);
}

/** Names of statuses, from 1. */
export const STATUS_NAMES: readonly string[] = [
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** Claims that a lost message is sent again, or, where it must not be, counted. */
export async function arrivesOrIsUnconfirmed(
  lab: Lab,
  subject: Subject,
  backend: GrpcBackend,
  ids: readonly string[],
): Promise<void> {
  await lab.settled(subject);
  const { unconfirmed = 0 } = subject.account().dropped;
  if (lab.isOnce && unconfirmed > 0) lab.accountIs(subject, 0, { unconfirmed: ids.length });
  else {
    lab.accountIs(subject, ids.length);
    lab.tookOnce(backend, ids);
  }
}
