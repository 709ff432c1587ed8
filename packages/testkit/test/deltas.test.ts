import { checkExporter } from '@oc/testkit';
import { check, SOUND } from './check.ts';
import { sound } from './sound.ts';

// The same for metrics that must not be sent twice.
checkExporter({
  ...check,
  signals: ['metrics'],
  make: ({ url, secret, agent }) => sound({ url, secret, agent }, { deltas: true }),
  program: `${SOUND}\nexport const make = ({ url }) => sound({ url }, { deltas: true });`,
  receiver: { ...check.receiver, transport: 'http', once: ['metrics'] } as typeof check.receiver,
});
