import { checkExporter, type ExporterCheck } from '@oc/testkit';
import { jaeger } from '../src/index.ts';
import { itemsOf, readByApache } from './oracle.ts';

const check: ExporterCheck = {
  name: 'jaeger',
  signals: ['spans'],
  make: ({ udp }) => jaeger({ host: udp?.host, port: udp?.port }),
  program: `
    import { jaeger } from '@oc/exporter-jaeger';
    export const make = ({ udp }) => jaeger({ host: udp?.host, port: udp?.port });
  `,
  environment: { JAEGER_REPORTER_TIMEOUT: 'soon', JAEGER_TAGS: 'zone' },
  receiver: { transport: 'udp', items: (datagram) => itemsOf(readByApache(datagram, 'compact')) },
};

checkExporter(check);
