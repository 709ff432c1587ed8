import type { ExporterCheck, Item } from '@oc/testkit';
import { moduleText } from './module-text.ts';
import { soundUdp } from './sound-udp.ts';

/** The sound UDP exporter's module as children run it. */
export const SOUND_UDP: string = moduleText('sound-udp.ts');

/** How it is checked. */
export const udpCheck: ExporterCheck = {
  name: 'soundUdp',
  signals: ['spans', 'metrics'],
  make: ({ udp }) => soundUdp(udp),
  program: `${SOUND_UDP}\nexport const make = ({ udp }) => soundUdp(udp);`,
  environment: { SOUND_PORT: 'http' },
  receiver: {
    transport: 'udp',
    items: (datagram) => JSON.parse(`${datagram}`) as Item[],
  },
};
