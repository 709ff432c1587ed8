import {
  datagramSender,
  type ExportCall,
  ExportError,
  type Exporter,
  integer,
  readOptions,
  type SpanData,
  type TimeSeries,
  text,
} from '@oc/core/exporter';

// An exporter over UDP as a newcomer would write it: JSON lists, as many items in a datagram as it holds.

/** Options of `soundUdp`. */
export interface SoundUdpOptions {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}

/** An item on the wire. */
export interface UdpItem {
  readonly id: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly traceId?: string | undefined;
  readonly parentId?: string | undefined;
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  readonly value?: unknown;
}

/** What a twin does in another way. */
export interface UdpWays {
  /** Most bytes of a datagram. */
  readonly most?: number;
  readonly items?: (items: readonly UdpItem[]) => readonly UdpItem[];
  readonly around?: (send: () => Promise<void>, call: ExportCall) => Promise<void>;
  readonly failed?: (error: ExportError, items: readonly (SpanData | TimeSeries)[]) => ExportError | undefined;
  readonly options?: (options: SoundUdpOptions | undefined) => SoundUdpOptions | undefined;
}

type Given = SpanData | TimeSeries;

export function soundUdp(options?: SoundUdpOptions, ways: UdpWays = {}): Exporter {
  const {
    most = 60_000,
    items: changed = (items) => items,
    around = (send) => send(),
    failed = (error) => error,
  } = ways;
  const { options: chosen, warnings } = readOptions('soundUdp', ways.options ? ways.options(options) : options, {
    host: text('127.0.0.1', { env: 'SOUND_HOST' }),
    port: integer(8_125, { min: 1, max: 65_535, env: 'SOUND_PORT' }),
  });
  const sender = datagramSender({ exporter: 'soundUdp', ...chosen });

  async function send(pairs: readonly (readonly [UdpItem, Given])[], call: ExportCall): Promise<void> {
    const errors: ExportError[] = [];
    let isRefused = false;
    for (const { bytes, items } of packed(pairs, most, changed)) {
      try {
        if (isRefused) throw new ExportError('unavailable', 'soundUdp: an earlier datagram was refused');
        await sender.send(bytes, call);
      } catch (error) {
        const { failure, message } = error as ExportError;
        isRefused ||= failure === 'unavailable';
        const named = failed(new ExportError(failure, message, { items, cause: error }), items);
        if (named) errors.push(named);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'soundUdp: failed in parts');
  }

  return {
    name: 'soundUdp',
    warnings,
    exportSpans(spans, call) {
      const pairs = spans.map((span) => {
        const { traceId, spanId: id, parentSpanId: parentId, name, start, end, attributes } = span;
        const worded = Object.entries(attributes).map(([key, value]) => [key, wordsOf(value)]);
        return [{ id, name, attributes: Object.fromEntries(worded), traceId, parentId, start, end }, span] as const;
      });
      return around(() => send(pairs, call), call);
    },
    exportMetrics(metrics, call) {
      const pairs = metrics.flatMap(({ name, labelKeys, timeSeries }) =>
        Array.from(timeSeries as Iterable<TimeSeries>, (series) => {
          const attributes = Object.fromEntries(labelKeys.map((key, at) => [key, series.labelValues[at]]));
          return [{ id: attributes.id ?? '', name, attributes, value: series.value }, series] as const;
        }),
      );
      return around(() => send(pairs, call), call);
    },
    async close() {
      sender.close();
    },
  };
}

/** Datagrams of at most so many bytes; an item that is larger goes alone. */
function* packed(
  pairs: readonly (readonly [UdpItem, Given])[],
  most: number,
  changed: (items: readonly UdpItem[]) => readonly UdpItem[],
): Generator<{ readonly bytes: Buffer; readonly items: readonly Given[] }> {
  let texts: string[] = [];
  let items: Given[] = [];
  let size = 2;
  for (const [item, given] of pairs) {
    const json = changed([item])
      .map((each) => JSON.stringify(each))
      .join();
    const length = Buffer.byteLength(json) + 1;
    if (items.length > 0 && size + length > most) {
      yield { bytes: Buffer.from(`[${texts.join()}]`), items };
      [texts, items, size] = [[], [], 2];
    }
    if (json !== '') texts.push(json);
    items.push(given);
    size += length;
  }
  if (items.length > 0) yield { bytes: Buffer.from(`[${texts.join()}]`), items };
}

/** JSON has no NaN: said in words. */
function wordsOf(value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
