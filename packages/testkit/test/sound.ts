import {
  type Agent,
  type DeltaSeries,
  deltas,
  type ExportCall,
  ExportError,
  type Exporter,
  type ExportFailure,
  type Fetch,
  given,
  type HttpAnswer,
  httpSender,
  httpUrl,
  type Metric,
  option,
  readOptions,
  type SpanData,
  type TimeSeries,
} from '@oc/core/exporter';

// An exporter as a newcomer would write it: JSON over HTTP, both signals, answers that name parts. Twins differ in `ways`.

/** Options of `sound`. */
export interface SoundOptions {
  readonly url?: string | undefined;
  readonly secret?: string | undefined;
  readonly agent?: Agent | undefined;
}

/** An item on the wire. */
export interface SoundItem {
  readonly id: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly traceId?: string | undefined;
  readonly parentId?: string | undefined;
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  readonly time?: number | undefined;
  readonly value?: unknown;
}

/** Sends one call. */
export type Send = (items: readonly SoundItem[], call: ExportCall) => Promise<void>;

/** What a twin does in another way. */
export interface Ways {
  readonly failures?: Readonly<Record<number, ExportFailure>>;
  readonly answerBytes?: number;
  readonly fetch?: Fetch;
  readonly json?: (item: SoundItem) => SoundItem;
  readonly around?: (send: Send, items: readonly SoundItem[], call: ExportCall) => Promise<void>;
  readonly read?: (answer: HttpAnswer) => void;
  readonly parts?: (text: string, call: ExportCall) => readonly Part[];
  readonly headers?: (secret: string, url: string) => string;
  readonly numbers?: (value: unknown) => unknown;
  readonly secret?: (given: unknown) => string;
  readonly types?: readonly Metric['type'][];
  /** Metrics go as deltas, which must not be sent twice. */
  readonly deltas?: boolean;
}

interface Part {
  readonly failure: ExportFailure;
  readonly ids: readonly string[];
}

export function sound(options?: SoundOptions, ways: Ways = {}): Exporter {
  const { json = (item) => item, around = (send, ...rest) => send(...rest), parts = partsOf, numbers = worded } = ways;
  const readSecret = ways.secret ?? printable;
  const { options: chosen, warnings } = readOptions('sound', options, {
    url: httpUrl('http://localhost:4999/', { env: 'SOUND_URL' }),
    secret: option(readSecret, readSecret, undefined, { env: 'SOUND_SECRET' }),
    agent: given<Agent>('object'),
  });
  const { url, secret, agent } = chosen;
  const sender = httpSender({
    exporter: 'sound',
    url,
    headers: secret === undefined ? {} : { 'x-key': ways.headers?.(secret, url.href) ?? secret },
    load: async () => (await import('node-fetch')).default,
    agent,
    fetch: agent ? undefined : ways.fetch,
    answerBytes: ways.answerBytes,
    failures: { 400: 'poisoned', ...ways.failures },
  });

  const changes = ways.deltas ? deltas() : undefined;

  async function send(
    own: ReadonlyMap<string, SpanData | TimeSeries>,
    all: readonly SoundItem[],
    call: ExportCall,
  ): Promise<void> {
    const once: Send = async (items, { signal, ...rest }) => {
      const service = rest.resource.labels['service.name'];
      const body = JSON.stringify({ service, items: items.map(json) });
      const request = {
        body,
        headers: { 'content-type': 'application/json' },
        once: ways.deltas && !('traceId' in (items[0] ?? {})),
      };
      const answer = await sender.send(request, { ...rest, signal });
      ways.read?.(answer);
      const errors = parts(answer.text, call).map(({ failure, ids }) => {
        const named = ids.flatMap((id) => own.get(id) ?? []).map(givenOf);
        return new ExportError(failure, `sound: a part is ${failure}`, { items: named });
      });
      if (errors.length > 0) throw new AggregateError(errors, 'sound: failed in parts');
    };
    await around(once, all, call);
  }

  return {
    name: 'sound',
    warnings,
    exportSpans(spans, call) {
      const items = spans.map(({ traceId, spanId, parentSpanId, name, start, end, attributes }): SoundItem => {
        const pairs = Object.entries(attributes).map(([key, value]) => [key, numbers(value)]);
        return { id: spanId, name, attributes: Object.fromEntries(pairs), traceId, parentId: parentSpanId, start, end };
      });
      return send(new Map(spans.map((span) => [span.spanId, span])), items, call);
    },
    async exportMetrics(metrics, call) {
      const own = new Map<string, TimeSeries>();
      const changed = changes?.(metrics);
      const items = (changed?.metrics ?? metrics)
        .filter(({ type }) => ways.types?.includes(type) ?? true)
        .flatMap(({ name, labelKeys, timeSeries }) =>
          Array.from(timeSeries as Iterable<TimeSeries>, (series): SoundItem => {
            const { labelValues, start, time, value } = series;
            const attributes = Object.fromEntries(labelKeys.map((key, at) => [key, labelValues[at]]));
            const id = attributes.id ?? '';
            own.set(id, series);
            return { id, name, attributes, start, time, value };
          }),
        );
      try {
        if (items.length > 0) await send(own, items, call);
        changed?.commit();
      } catch (error) {
        changed?.commit(mayHaveArrived(error) ? [] : failedOf(error, own));
        throw error;
      }
    },
    async close() {
      sender.close();
    },
  };
}

function printable(given: unknown): string {
  if (typeof given === 'string' && /^[!-~]+$/.test(given)) return given;
  throw new Error('must be printable text');
}

/** What the backend says of parts; an answer that cannot be read is a yes with a warning. */
function partsOf(answer: string, call: ExportCall): readonly Part[] {
  if (answer === '') return [];
  try {
    return (JSON.parse(answer) as { failed?: readonly Part[] }).failed ?? [];
  } catch {
    call.warn('sound: the answer cannot be read');
    return [];
  }
}

/** The row that the call gave, of a delta. */
function givenOf(item: SpanData | TimeSeries): SpanData | TimeSeries {
  return 'of' in item ? (item as DeltaSeries).of : item;
}

function mayHaveArrived(error: unknown): boolean {
  return (error as Partial<ExportError>).failure === 'unconfirmed';
}

/** The rows that surely have not arrived: those that are named, or all. */
function failedOf(error: unknown, own: ReadonlyMap<string, TimeSeries>): Iterable<TimeSeries> {
  const { errors = [] } = error as { errors?: readonly ExportError[] };
  return errors.length > 0 ? errors.flatMap(({ items = [] }) => items as readonly TimeSeries[]) : own.values();
}

/** JSON has no NaN: said in words. */
function worded(value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
