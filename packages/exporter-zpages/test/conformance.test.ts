import type { Exporter } from '@oc/core/exporter';
import { checkExporter } from '@oc/testkit';
import { type Zpages, zpages } from '../src/index.ts';

checkExporter({
  name: 'zpages',
  signals: ['spans', 'metrics'],
  make: ({ listen }) => zpages(listen),
  program: `
    import { zpages } from '@oc/exporter-zpages';
    export const make = ({ listen }) => zpages(listen);
    export const address = (exporter) => exporter.address;
  `,
  receiver: {
    transport: 'pull',
    path: '/tracez',
    address: (exporter: Exporter) => (exporter as Zpages).address,
    pages: ['/', '/tracez', '/statsz', '/rpcz', '/exporterz', '/traceconfigz'],
  },
});
