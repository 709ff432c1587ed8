import type { ExporterCheck } from './conformance.ts';
import type { Receiver } from './receiver.ts';
import type { Row } from './row.ts';
import { ABSENT } from './rows/absent.ts';
import { ANSWERS } from './rows/answers.ts';
import { BODIES } from './rows/bodies.ts';
import { CONFIGURATION } from './rows/configuration.ts';
import { CONNECTIONS } from './rows/connections.ts';
import { DEADLINES } from './rows/deadlines.ts';
import { ENDS } from './rows/ends.ts';
import { GRPC_ANSWERS } from './rows/grpc/answers.ts';
import { GRPC_CONNECTIONS } from './rows/grpc/connections.ts';
import { GRPC_NAMES } from './rows/grpc/names.ts';
import { GRPC_PARTS } from './rows/grpc/parts.ts';
import { GRPC_SECRETS } from './rows/grpc/secrets.ts';
import { GRPC_SESSIONS } from './rows/grpc/sessions.ts';
import { GRPC_TLS } from './rows/grpc/tls.ts';
import { GRPC_WAITS } from './rows/grpc/waits.ts';
import { LIMITS } from './rows/limits.ts';
import { MODEL } from './rows/model.ts';
import { NAMES } from './rows/names.ts';
import { ORACLE } from './rows/oracle.ts';
import { PARTS } from './rows/parts.ts';
import { PULL_LIFE } from './rows/pull/life.ts';
import { meaningOfPull } from './rows/pull/meaning.ts';
import { PULL_PAGES } from './rows/pull/pages.ts';
import { PULL_PORTS } from './rows/pull/ports.ts';
import { PULL_READERS } from './rows/pull/readers.ts';
import { PULL_SIZE } from './rows/pull/size.ts';
import { QUEUE } from './rows/queue.ts';
import { REQUEST } from './rows/request.ts';
import { SECRETS } from './rows/secrets.ts';
import { SURROUNDINGS } from './rows/surroundings.ts';
import { TEXT } from './rows/text.ts';
import { TLS } from './rows/tls.ts';
import { UDP, UDP_HAS_NO } from './rows/udp.ts';
import { VALUES } from './rows/values.ts';
import { WAITS } from './rows/waits.ts';

/** All rows: those of networks, answers, life, data and queues, those of one transport, then those that wait. */
export const ROWS: readonly Row[] = [
  ...CONNECTIONS,
  ...DEADLINES,
  ...NAMES,
  ...TLS,
  ...WAITS,
  ...PARTS,
  ...BODIES,
  ...ANSWERS,
  ...ENDS,
  ...SURROUNDINGS,
  ...VALUES,
  ...LIMITS,
  ...SECRETS,
  ...MODEL,
  ...TEXT,
  ...QUEUE,
  ...CONFIGURATION,
  ...REQUEST,
  ...ORACLE,
  ...GRPC_CONNECTIONS,
  ...GRPC_NAMES,
  ...GRPC_SESSIONS,
  ...GRPC_WAITS,
  ...GRPC_PARTS,
  ...GRPC_ANSWERS,
  ...GRPC_SECRETS,
  ...GRPC_TLS,
  ...UDP,
  ...PULL_READERS,
  ...PULL_PORTS,
  ...PULL_SIZE,
  ...PULL_PAGES,
  ...PULL_LIFE,
  ...ABSENT,
];

/** Why rows that speak of no transport have nothing to do with one, by id; true for what has. */
const MEANING: Partial<Record<string, (id: string, receiver: Receiver) => string | true>> = {
  udp: (id) => UDP_HAS_NO[id] ?? true,
  pull: (id, receiver) => meaningOfPull(id, 'items' in receiver && receiver.items !== undefined),
};

/** The rows of an exporter: where its transport has one of its own, that one. */
export function rowsFor({ receiver }: ExporterCheck): readonly Row[] {
  const { transport } = receiver;
  const own = new Set(ROWS.filter((row) => row.transport === transport).map(({ id }) => id));
  return ROWS.flatMap((row) => {
    if (row.transport === transport) return [row];
    if (row.transport !== undefined || own.has(row.id)) return [];
    const meaning = MEANING[transport]?.(row.id, receiver) ?? true;
    if (meaning === true) return [row];
    return [{ ...row, applies: (check): string => orReason(row.applies(check), meaning) }];
  });
}

function orReason(given: true | string, meaning: string): string {
  return given === true ? meaning : given;
}
