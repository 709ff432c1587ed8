import { checkExporter, checkNightly, type ExporterCheck, type ReceivedRequest } from '@oc/testkit';
import { zipkin } from '../src/index.ts';

const check: ExporterCheck = {
  name: 'zipkin',
  signals: ['spans'],
  takes: ['secret', 'agent'],
  make: ({ url, secret, agent }) => zipkin({ url, agent, headers: secret === undefined ? {} : { 'x-key': secret } }),
  program: `
    import { zipkin } from '@oc/exporter-zipkin';
    export const make = ({ url }) => zipkin({ url });
  `,
  environment: { OTEL_EXPORTER_ZIPKIN_ENDPOINT: 'zipkin:9411', OTEL_EXPORTER_ZIPKIN_TIMEOUT: 'soon' },
  receiver: {
    transport: 'http',
    accepted: { status: 202 },
    poisoned: { status: 400, body: 'Expected a 16 digit id' },
    request: { method: 'POST', path: '/api/v2/spans', contentType: 'application/json' },
    service: (request) => spansIn(request)[0]?.localEndpoint?.serviceName,
    items: (request) =>
      spansIn(request).map(({ id, name, traceId, parentId, timestamp, duration, tags }) => {
        return { id, name, traceId, parentId, start: timestamp, end: timestamp + duration, attributes: tags };
      }),
  },
};

interface Sent {
  readonly id: string;
  readonly name: string;
  readonly traceId: string;
  readonly parentId?: string;
  readonly timestamp: number;
  readonly duration: number;
  readonly localEndpoint?: { readonly serviceName: string };
  readonly tags: Readonly<Record<string, string>>;
}

function spansIn({ body }: ReceivedRequest): readonly Sent[] {
  return JSON.parse(`${body}`);
}

checkExporter(check);
checkNightly(check);
