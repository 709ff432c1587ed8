import { type ExportCall, ExportError, type HttpSender, httpSender, readIds, type SpanData } from '@oc/core/exporter';
import type { Origin } from './process.ts';
import type { Settings } from './settings.ts';
import { encodeTraces, type ProtocolVersion } from './traces.ts';
import { spanContextOf } from './unified.ts';

/** Far below what an Agent takes, which is 25 MB or more by its version: a body is read within 5 s or not at all. */
const BODY_BYTES = 4_000_000;

/** Sends spans to the Agent, in the version that was chosen as long as it knows that. */
export function tracesToAgent(
  settings: Settings,
  origin: () => Promise<Origin>,
): { export(spans: readonly SpanData[], call: ExportCall): Promise<void>; close(): void } {
  let version = settings.protocolVersion;
  let isUnknown = false;
  const senders: Readonly<Record<ProtocolVersion, HttpSender>> = {
    '0.4': senderOf('0.4', () => {}),
    '0.5': senderOf('0.5', (status) => {
      isUnknown ||= status === 404;
    }),
  };

  function senderOf(of: ProtocolVersion, hear: (status: number) => void): HttpSender {
    const { url, socketPath, agent } = settings.traces;
    const target = new URL(url);
    target.pathname = `${url.pathname.replace(/\/$/, '')}/v${of}/traces`;
    return httpSender({
      exporter: 'datadog',
      url: target,
      socketPath,
      agent,
      fetch: settings.fetch,
      load: async () => (await import('node-fetch')).default,
      // A message that cannot be read is refused as a whole, and so is one of the wrong kind by what is no Agent.
      failures: { 400: 'poisoned', 415: 'misconfigured' },
      refusal(_, status) {
        hear(status);
        return undefined;
      },
    });
  }

  async function send(spans: readonly SpanData[], call: ExportCall): Promise<void> {
    const used = version;
    const { body, traces } = encodeTraces(spans, spanContextOf(call.resource, settings), used);
    if (body.byteLength > BODY_BYTES && spans.length > 1) {
      const size = `${spans.length} spans make a message of ${body.byteLength} bytes`;
      throw new ExportError('too-large', `datadog: ${size}, above the ${BODY_BYTES} that are sent at once`);
    }
    const headers = { ...headersOf(await origin(), settings), 'x-datadog-trace-count': `${traces}` };
    try {
      await senders[used].send({ method: 'PUT', body, headers }, call);
    } catch (error) {
      if (used === '0.4' || !isUnknown) throw error;
      version = '0.4';
      call.warn('datadog: the Agent does not know version 0.5 of its protocol; from now on it is sent version 0.4');
      await send(spans, call);
    }
  }

  return {
    async export(spans, call) {
      const lost = spans.filter(hasNoLowerHalf);
      const others = lost.length === 0 ? spans : spans.filter((span) => !lost.includes(span));
      if (others.length > 0) await send(others, call);
      if (lost.length === 0) return;
      const why = 'the Agent drops traces whose id ends in 16 zeros';
      throw new ExportError('rejected', `datadog: ${lost.length} spans were not sent: ${why}`, { items: lost });
    },
    close() {
      for (const sender of Object.values(senders)) sender.close();
    },
  };
}

function headersOf({ version, container, entity }: Origin, { externalEnv }: Settings): Record<string, string> {
  return {
    'content-type': 'application/msgpack',
    'datadog-meta-lang': 'nodejs',
    'datadog-meta-lang-version': process.version,
    'datadog-meta-lang-interpreter': 'v8',
    'datadog-meta-tracer-version': version,
    ...(container && { 'datadog-container-id': container }),
    ...(entity && { 'datadog-entity-id': entity }),
    ...(externalEnv && { 'datadog-external-env': externalEnv }),
  };
}

const ids = new Int32Array(8);

/** The Agent knows traces by the lower half of their ids, and drops one that has nothing there. */
function hasNoLowerHalf(span: SpanData): boolean {
  readIds(span, ids);
  return ((ids[2] as number) | (ids[3] as number)) === 0;
}
