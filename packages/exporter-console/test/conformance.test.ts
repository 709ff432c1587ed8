import type { Writable } from 'node:stream';
import { checkExporter, checkNightly, type ExporterCheck, type Item } from '@oc/testkit';
import { consoleExporter } from '../src/index.ts';

const check: ExporterCheck = {
  name: 'console',
  signals: ['spans', 'metrics'],
  make: ({ stream }) => consoleExporter({ stream: stream as Writable | undefined, format: 'json' }),
  program: `
    import { consoleExporter } from '@oc/exporter-console';
    export const make = () => consoleExporter({ format: 'json' });
  `,
  receiver: {
    transport: 'stream',
    items: (text) => text.split('\n').filter(Boolean).map(itemOf),
  },
};

checkExporter(check);
checkNightly(check);

function itemOf(line: string): Item {
  const { type, spanId, parentSpanId, labels, attributes, ...rest } = JSON.parse(line);
  return type === 'span'
    ? { ...rest, id: spanId, parentId: parentSpanId, attributes }
    : { ...rest, id: labels.id ?? '', attributes: labels };
}
