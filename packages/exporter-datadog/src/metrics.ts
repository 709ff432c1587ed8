import {
  type DatagramSender,
  type Deltas,
  datagramSender,
  deltas,
  type ExportCall,
  ExportError,
  type Fetch,
  httpSender,
  type Metric,
} from '@oc/core/exporter';
import { sendLines, unsentOf } from './dogstatsd.ts';
import { metricNames, rowsOf } from './points.ts';
import type { Origin } from './process.ts';
import { encodeSeries } from './series.ts';
import type { Settings } from './settings.ts';
import { metricTagsOf } from './unified.ts';
import { unixDatagramSender } from './unix.ts';

/** One way to send metrics. */
export interface MetricsOut {
  export(metrics: readonly Metric[], call: ExportCall): Promise<void>;
  close(): void;
}

/** What passes on its way without being torn, and what a receiver of Unix datagrams has room for. */
const DATAGRAM_BYTES = { udp: 1_432, unix: 8_192 };

/** Sends metrics as lines of DogStatsD. */
export function metricsToDogstatsd(settings: Settings, origin: () => Promise<Origin>): MetricsOut {
  const { dogstatsd: address, namespace, externalEnv, cardinality, entityId, tellsOrigin } = settings;
  const isUnix = 'path' in address;
  const sender: DatagramSender = isUnix
    ? unixDatagramSender('datadog', address.path)
    : datagramSender({ exporter: 'datadog', ...address });
  const added = deltas();
  const nameOf = metricNames(namespace);
  return {
    async export(metrics, call) {
      const { metrics: since, commit }: Deltas = added(metrics);
      const rows = rowsOf(since, metricTagsOf(call.resource, settings), nameOf, call);
      const { entity } = await origin();
      const tail = [
        ['c', tellsOrigin && !entityId ? entity : undefined],
        ['e', externalEnv],
        ['card', cardinality],
      ];
      const fields = tail.map(([field, value]) => (value ? `|${field}:${value.replace(/[|\s]/g, '_')}` : '')).join('');
      try {
        await sendLines(rows, fields, isUnix ? DATAGRAM_BYTES.unix : DATAGRAM_BYTES.udp, sender, call);
        commit();
      } catch (error) {
        commit(unsentOf(error));
        throw error;
      }
    },
    close: () => sender.close(),
  };
}

/** What the API takes of one message, uncompressed; of a compressed one it takes 512,000 bytes, and answers 413. */
const BODY_BYTES = 5_242_880;

/** Sends metrics to Datadog's API. */
export function metricsToApi(settings: Settings): MetricsOut {
  const { api, fetch, namespace } = settings;
  const sender = httpSender({
    exporter: 'datadog',
    url: api.url,
    headers: { 'dd-api-key': api.key },
    agent: api.agent,
    fetch: fetch && hearingReset(fetch),
    load: async () => hearingReset((await import('node-fetch')).default as unknown as Fetch),
    gzip: true,
    // A gateway that got no answer does not know what became of the message.
    failures: { 400: 'poisoned', 504: 'unconfirmed' },
  });
  const added = deltas();
  const nameOf = metricNames(namespace);
  return {
    async export(metrics, call) {
      const { metrics: since, commit } = added(metrics);
      const rows = rowsOf(since, metricTagsOf(call.resource, settings), nameOf, call);
      if (rows.length === 0) return commit();
      const host = call.resource.labels['host.name'] ?? process.getBuiltinModule('node:os').hostname();
      const body = encodeSeries(rows, host);
      const bytes = Buffer.byteLength(body);
      if (bytes > BODY_BYTES) throw new ExportError('too-large', `datadog: ${rows.length} rows make ${bytes} bytes`);
      const headers = { 'content-type': 'application/json' };
      try {
        const { text } = await sender.send({ body, headers, once: true }, call);
        commit();
        const said = errorsIn(text);
        if (said) call.warn(`datadog: the API took the metrics and said: ${said}`);
      } catch (error) {
        if ((error as ExportError).failure === 'unconfirmed') commit();
        throw error;
      }
    },
    close: () => sender.close(),
  };
}

/** The API says by a header of its own when to come back. */
function hearingReset(fetch: Fetch): Fetch {
  return async (url, init) => {
    const { status, headers, body } = await fetch(url, init);
    const get = (name: string): string | null =>
      headers.get(name) ?? (name === 'retry-after' && status === 429 ? headers.get('x-ratelimit-reset') : null);
    return { status, body, headers: { get } };
  };
}

function errorsIn(answer: string): string {
  try {
    const { errors } = JSON.parse(answer) as { readonly errors?: unknown };
    return Array.isArray(errors)
      ? errors
          .join('; ')
          .replace(/\p{Cc}+/gu, ' ')
          .slice(0, 200)
      : '';
  } catch {
    return ''; // the status has said yes
  }
}
