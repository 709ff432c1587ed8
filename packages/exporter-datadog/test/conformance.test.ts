import { checkExporter, checkNightly, type ExporterCheck, type Item } from '@oc/testkit';
import { datadog } from '../src/index.ts';
import { decode04, hex, linesIn, pair } from './decode.ts';

/** A proxy is asked for a whole URL. */
function pathOf(target: string): string {
  return new URL(target, 'http://agent').pathname;
}

const traces: ExporterCheck = {
  name: 'datadog',
  signals: ['spans'],
  takes: ['agent'],
  make: ({ url, agent }) => datadog({ url, agent }),
  program: `
    import { datadog } from '@oc/exporter-datadog';
    export const make = ({ url }) => datadog({ url });
  `,
  environment: {
    DD_TRACE_AGENT_URL: 'agent:8126',
    DD_TRACE_AGENT_PORT: 'many',
    DD_TRACE_AGENT_PROTOCOL_VERSION: '0.6',
    DD_AGENT_HOST: 'http://agent',
    DD_DOGSTATSD_URL: 'tcp://agent:8125',
    DD_DOGSTATSD_PORT: '65536',
    DD_SITE: 'https://datadoghq.eu',
    DD_CARDINALITY: 'some',
    DD_ORIGIN_DETECTION_ENABLED: 'perhaps',
  },
  receiver: {
    transport: 'http',
    accepted: { status: 200, headers: { 'content-type': 'application/json' }, body: '{"rate_by_service":{}}' },
    poisoned: { status: 400, body: 'the payload cannot be decoded' },
    items({ method, path, headers, body }): readonly Item[] {
      const chunks = decode04(body);
      const sent = [method, pathOf(path), headers['content-type'], headers['x-datadog-trace-count']].join(' ');
      const right = `PUT /v0.4/traces application/msgpack ${chunks.length}`;
      if (sent !== right) throw new Error(`${sent} in place of ${right}`);
      return chunks.flatMap((chunk) =>
        chunk.map((span) => ({
          id: hex(span.span_id),
          name: span.resource,
          traceId: (chunk[0]?.meta['_dd.p.tid'] ?? '') + hex(span.trace_id),
          ...(span.parent_id !== 0 && { parentId: hex(span.parent_id) }),
          start: Number(span.start / 1_000n),
          end: Number((span.start + span.duration) / 1_000n),
          attributes: { ...span.meta, ...span.metrics },
        })),
      );
    },
  },
};

const parts = /\.(count|sum|bucket)$/;

/** One item a row: of a distribution its count. */
function itemsOf(points: readonly { name: string; value: number; tags: Readonly<Record<string, string>> }[]): Item[] {
  return points
    .filter(({ name }) => !/\.(sum|bucket)$/.test(name))
    .map(({ name, value, tags }) => ({ id: tags.id ?? '', name: name.replace(parts, ''), attributes: tags, value }));
}

interface Series {
  readonly metric: string;
  readonly points: readonly { readonly value: number }[];
  readonly tags: readonly string[];
}

const api: ExporterCheck = {
  name: 'datadog',
  signals: ['metrics'],
  takes: ['secret', 'agent'],
  make: ({ url, secret = 'key', agent }) => datadog({ metrics: 'api', apiUrl: url, apiKey: secret, apiAgent: agent }),
  program: `
    import { datadog } from '@oc/exporter-datadog';
    export const make = ({ url }) => datadog({ metrics: 'api', apiUrl: url, apiKey: 'key' });
  `,
  environment: { DD_SITE: 'datadoghq.eu:443' },
  except: { N9: 'a key goes to other hosts by https only, and its names are of http; the traces are sent through it' },
  receiver: {
    transport: 'http',
    accepted: { status: 202, headers: { 'content-type': 'application/json' }, body: '{"errors":[]}' },
    poisoned: { status: 400, body: '{"errors":["Payload is not in the expected format"]}' },
    once: ['metrics'],
    items({ method, path, headers, body }) {
      const sent = `${method} ${pathOf(path)} ${headers['content-type']}`;
      if (sent !== 'POST /api/v2/series application/json') throw new Error(sent);
      if (!headers['dd-api-key']) throw new Error('no key');
      const { series } = JSON.parse(`${body}`) as { readonly series: readonly Series[] };
      return itemsOf(
        series.flatMap(({ metric: name, points, tags }) =>
          points.map(({ value }) => ({ name, value, tags: Object.fromEntries(tags.map(pair)) })),
        ),
      );
    },
  },
};

const dogstatsd: ExporterCheck = {
  name: 'datadog',
  signals: ['metrics'],
  make: ({ udp }) => datadog({ dogstatsdUrl: udp && `udp://${udp.host}:${udp.port}` }),
  program: `
    import { datadog } from '@oc/exporter-datadog';
    export const make = ({ udp }) => datadog({ dogstatsdUrl: udp && \`udp://\${udp.host}:\${udp.port}\` });
  `,
  environment: { DD_DOGSTATSD_URL: 'agent', DD_DOGSTATSD_HOST: 'a:b:8125', DD_DOGSTATSD_PORT: '0' },
  receiver: { transport: 'udp', once: ['metrics'], items: (datagram) => itemsOf(linesIn(datagram)) },
};

for (const check of [traces, api, dogstatsd]) {
  checkExporter(check);
  checkNightly(check);
}
