import type { ExporterCheck, GrpcMessage, GrpcReceiver, Item } from '@oc/testkit';
import { moduleText } from './module-text.ts';
import { soundGrpc } from './sound-grpc.ts';

/** The sound gRPC exporter's module as children run it. */
export const SOUND_GRPC: string = moduleText('sound-grpc-failure.ts', 'sound-grpc.ts');

const receiver: GrpcReceiver = {
  transport: 'grpc',
  accepted: Buffer.from('{}'),
  poisoned: { status: 3, message: 'one of them' },
  partial: ({ rejected }) => Buffer.from(JSON.stringify({ rejected: rejected.map(({ id }) => id) })),
  items: itemsOf,
};

/** What is in a message. */
export function itemsOf({ path, message }: GrpcMessage): readonly Item[] {
  if (path !== '/sound.Sound/Export') throw new Error(`no such method: ${path}`);
  return JSON.parse(`${message}`) as Item[];
}

/** How it is checked. */
export const grpcCheck: ExporterCheck = {
  name: 'soundGrpc',
  signals: ['spans', 'metrics'],
  takes: ['secret', 'tls'],
  make: ({ url, secret, tls }) => soundGrpc({ url, secret, tls }),
  program: `${SOUND_GRPC}\nexport const make = ({ url }) => soundGrpc({ url });`,
  environment: { SOUND_URL: 'localhost' },
  receiver,
};

const { partial, ...whole } = receiver;

/** The same with a stream for each message, and no answer that is waited for. */
export const writtenCheck: ExporterCheck = {
  ...grpcCheck,
  signals: ['spans'],
  make: ({ url, secret, tls }) => soundGrpc({ url, secret, tls }, { mode: 'written' }),
  program: `${SOUND_GRPC}\nexport const make = ({ url }) => soundGrpc({ url }, { mode: 'written' });`,
  receiver: { ...whole, accepted: 'written' },
};
