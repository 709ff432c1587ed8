import { checkExporter, checkNightly, type ExporterCheck } from '@oc/testkit';
import { jaeger } from '../src/index.ts';
import { itemsOf, readBody } from './oracle.ts';

const check: ExporterCheck = {
  name: 'jaeger',
  signals: ['spans'],
  takes: ['secret', 'agent'],
  make: ({ url, secret, agent }) => jaeger({ url, agent, headers: secret === undefined ? {} : { 'x-key': secret } }),
  program: `
    import { jaeger } from '@oc/exporter-jaeger';
    export const make = ({ url }) => jaeger({ url });
  `,
  environment: {
    JAEGER_ENDPOINT: 'jaeger:14268',
    OTEL_EXPORTER_JAEGER_TIMEOUT: 'soon',
    JAEGER_REPORTER_FLUSH_INTERVAL: '0',
    JAEGER_TAGS: 'zone',
  },
  receiver: {
    transport: 'http',
    request: { method: 'POST', path: '/api/traces', contentType: 'application/x-thrift' },
    accepted: { status: 202 },
    poisoned: { status: 400, body: 'Unable to process request body: unexpected EOF' },
    items: ({ body }) => itemsOf(readBody(body)),
    service: ({ body }) => readBody(body).serviceName,
  },
};

checkExporter(check);
checkNightly(check);
