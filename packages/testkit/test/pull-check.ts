import type { ExporterCheck, Item } from '@oc/testkit';
import { moduleText } from './module-text.ts';
import { type PullExporter, soundPull } from './sound-pull.ts';

/** The sound exporter that is read, as children run it. */
export const SOUND_PULL: string = `${moduleText('sound-pull.ts')}\nexport const address = (exporter) => exporter.address();`;

/** How it is checked. */
export const pullCheck: ExporterCheck = {
  name: 'soundPull',
  signals: ['metrics'],
  make: ({ listen }) => soundPull(listen),
  program: `${SOUND_PULL}\nexport const make = ({ listen }) => soundPull(listen);`,
  environment: { SOUND_PORT: 'http' },
  receiver: {
    transport: 'pull',
    path: '/rows',
    address: (exporter) => (exporter as PullExporter).address(),
    items: (text) =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Item),
    pages: ['/page'],
  },
};
