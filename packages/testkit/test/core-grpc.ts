import {
  type DeltaSeries,
  deltas,
  type ExportCall,
  ExportError,
  type Exporter,
  given,
  grpcSender,
  httpHeader,
  httpUrl,
  readOptions,
  type TimeSeries,
  type TlsFiles,
} from '@oc/core/exporter';

// An exporter over core's own sender of gRPC, as simple as they come: JSON in messages; metrics as deltas.

/** Options of `coreGrpc`. */
export interface CoreGrpcOptions {
  readonly url?: string | undefined;
  readonly secret?: string | undefined;
  readonly tls?: TlsFiles | undefined;
}

const PATH = '/sound.Sound/Export';

export function coreGrpc(options?: CoreGrpcOptions): Exporter {
  const { options: chosen, warnings } = readOptions('coreGrpc', options, {
    url: httpUrl('http://localhost:4998', { env: 'SOUND_URL' }),
    secret: httpHeader('x-key'),
    tls: given<TlsFiles>('object'),
  });
  const sender = grpcSender({
    exporter: 'coreGrpc',
    url: chosen.url,
    metadata: chosen.secret,
    tls: chosen.tls,
    load: () => import('@grpc/grpc-js'),
    failures: { 3: 'poisoned' },
  });
  const changes = deltas();

  async function send(items: readonly object[], call: ExportCall, once: boolean): Promise<void> {
    await sender.send({ path: PATH, message: Buffer.from(JSON.stringify(items)), once }, call);
  }

  return {
    name: 'coreGrpc',
    warnings,
    exportSpans(spans, call) {
      const items = spans.map(({ traceId, spanId: id, parentSpanId: parentId, name, start, end, attributes }) => {
        const worded = Object.entries(attributes).map(([key, value]) => [key, wordsOf(value)]);
        return { id, name, attributes: Object.fromEntries(worded), traceId, parentId, start, end };
      });
      return send(items, call, false);
    },
    async exportMetrics(metrics, call) {
      const changed = changes(metrics);
      const all = changed.metrics.flatMap(({ timeSeries }) => [...(timeSeries as Iterable<DeltaSeries>)]);
      const items = changed.metrics.flatMap(({ name, labelKeys, timeSeries }) =>
        Array.from(timeSeries as Iterable<TimeSeries>, ({ labelValues, value }) => {
          const attributes = Object.fromEntries(labelKeys.map((key, at) => [key, labelValues[at]]));
          return { id: attributes.id ?? '', name, attributes, value };
        }),
      );
      try {
        if (items.length > 0) await send(items, call, true);
        changed.commit();
      } catch (error) {
        changed.commit(error instanceof ExportError && error.failure === 'unconfirmed' ? [] : all);
        throw error;
      }
    },
    async close() {
      sender.close();
    },
  };
}

/** JSON has no NaN: said in words. */
function wordsOf(value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
