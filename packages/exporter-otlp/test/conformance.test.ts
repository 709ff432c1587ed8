import { checkExporter, checkNightly, type ExporterCheck, type HttpReceiver, type ReceivedRequest } from '@oc/testkit';
import { describe } from 'vitest';
import { type OtlpOptions, otlp } from '../src/index.ts';
import { itemsIn, itemsInProtobuf, resourceIn } from './items.ts';
import { decoded, encoded, type Json } from './oracle.ts';

const ENVIRONMENT = {
  OTEL_EXPORTER_OTLP_ENDPOINT: 'grpc://collector:4317',
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: '/v1/traces',
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'ftp://collector/v1/metrics',
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http',
  OTEL_EXPORTER_OTLP_COMPRESSION: 'zip',
  OTEL_EXPORTER_OTLP_HEADERS: 'api-key',
  OTEL_EXPORTER_OTLP_TIMEOUT: 'soon',
  OTEL_EXPORTER_OTLP_INSECURE: 'perhaps',
};

function checkOf(
  protocol: OtlpOptions['protocol'],
  more: OtlpOptions,
  receiver: ExporterCheck['receiver'],
): ExporterCheck {
  const options = { protocol, ...more };
  return {
    name: 'otlp',
    signals: ['spans', 'metrics'],
    takes: protocol === 'grpc' ? ['secret', 'tls'] : ['secret', 'agent'],
    make: ({ url, secret, agent, tls }) =>
      otlp({
        ...options,
        url,
        agent,
        ca: tls?.ca,
        clientCertificate: tls?.cert,
        clientKey: tls?.key,
        headers: secret === undefined ? {} : { 'x-key': secret },
      }),
    program: `
      import { otlp } from '@oc/exporter-otlp';
      export const make = ({ url }) => otlp({ ...${JSON.stringify(options)}, url });
    `,
    environment: more.temporality
      ? ENVIRONMENT
      : { ...ENVIRONMENT, OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'both' },
    except: { B7: 'OTLP tells how many items were refused, and none of them may be sent again' },
    receiver,
  };
}

const SHAPE = { method: 'POST', path: { spans: '/v1/traces', metrics: '/v1/metrics' } };
const signalOf = ({ path }: { readonly path: string }): 'traces' | 'metrics' =>
  /TraceService|traces/.test(path) ? 'traces' : 'metrics';
const inProtobuf = ({ path, body }: ReceivedRequest): Json => decoded(signalOf({ path }), body);
const inJson = ({ body }: ReceivedRequest): Json => JSON.parse(`${body}`);

function httpReceiver(contentType: string, read: (request: ReceivedRequest) => Json): HttpReceiver {
  return {
    transport: 'http',
    request: { ...SHAPE, contentType },
    items: (request) => itemsIn(read(request)),
    service: (request) => resourceIn(read(request))['service.name'] as string,
    accepted: { status: 200, headers: { 'content-type': contentType } },
    poisoned: { status: 400, body: 'bad' },
  };
}

const overProtobuf = httpReceiver('application/x-protobuf', inProtobuf);

const checks: Readonly<Record<string, ExporterCheck>> = {
  'http/protobuf': checkOf('http/protobuf', {}, overProtobuf),
  'http/json': checkOf(
    'http/json',
    { compression: 'gzip' },
    {
      ...httpReceiver('application/json', inJson),
      accepted: { status: 200, headers: { 'content-type': 'application/json' }, body: '{"partialSuccess":{}}' },
    },
  ),
  'http/protobuf, deltas': {
    ...checkOf('http/protobuf', { temporality: 'delta' }, { ...overProtobuf, once: ['metrics'] }),
    signals: ['metrics'],
  },
  grpc: checkOf(
    'grpc',
    {},
    {
      transport: 'grpc',
      items: ({ path, message }) => itemsInProtobuf(signalOf({ path }), message),
      accepted: encoded('tracesAnswer', {}),
      poisoned: { status: 3, message: 'bad' },
      meanings: { 3: 'poisoned' },
    },
  ),
};

describe.each(Object.entries(checks))('%s', (_, check) => {
  checkExporter(check);
});
checkNightly(checks['http/protobuf'] as ExporterCheck);
