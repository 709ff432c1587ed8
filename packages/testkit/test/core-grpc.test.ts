import { checkExporter } from '@oc/testkit';
import { coreGrpc } from './core-grpc.ts';
import { itemsOf } from './grpc-check.ts';
import { moduleText } from './module-text.ts';

// Core's sender of gRPC, in front of streams whose end is the yes, and of metrics that must not be sent twice.
checkExporter({
  name: 'coreGrpc',
  signals: ['spans', 'metrics'],
  takes: ['secret', 'tls'],
  make: ({ url, secret, tls }) => coreGrpc({ url, secret, tls }),
  program: `${moduleText('core-grpc.ts')}\nexport const make = ({ url }) => coreGrpc({ url });`,
  environment: { SOUND_URL: 'localhost' },
  receiver: {
    transport: 'grpc',
    accepted: 'ended',
    poisoned: { status: 3, message: 'one of them' },
    once: ['metrics'],
    items: itemsOf,
  },
});
