import { type Attributes, type AttributeValue, type RunningSpan, STATUS_CODES } from '@oc/core/exporter';
import type { NameRow, Sample } from './names.ts';
import { LATENCY_BUCKETS } from './samples.ts';

// The text form of Tracez, as OpenCensus for Go writes it, so that its readers (and diffs) can be used.

const LONGEST = 1_024;

/** The table of names. */
export function namesText(rows: readonly NameRow[]): string {
  const head = ['Span name', 'Running', ...LATENCY_BUCKETS.map(({ label }) => label), 'Errors'];
  return columns([
    head,
    ...rows.map(({ name, running, latency, errors }) => [name, running, ...latency, errors].map(String)),
  ]);
}

/** The samples of one cell: a row for each span, its status, its attributes, its events. */
export function samplesText(samples: readonly Sample[]): string {
  return columns([['When', 'Elapsed(s)', 'Type'], ...samples.flatMap(({ span }) => rowsOf(span))]);
}

function rowsOf(span: RunningSpan): readonly string[][] {
  const { traceId, spanId, parentSpanId, kind, start, end, status, attributes, links, dropped } = span;
  const parent = parentSpanId === undefined ? '' : ` parent_span_id: ${parentSpanId}`;
  const mark = kind === 'unspecified' ? '' : ` [${kind.toUpperCase()}]`;
  const elapsed = end === undefined ? ' '.repeat(12) : elapsedOf(end - start);
  const rows = [
    [`${dayOf(start)}-${timeOf(start)}`, elapsed, `trace_id: ${traceId} span_id: ${spanId}${parent}${mark}`],
  ];
  const more = (text: string): void => void rows.push(['', '', text]);
  if (status.code !== 0 || status.message !== undefined) {
    more(
      `Status{canonicalCode=${STATUS_CODES[status.code] ?? status.code}, description=${quoted(status.message ?? '')}}`,
    );
  }
  if (Object.keys(attributes).length > 0) more(attributesOf(attributes));
  for (const link of links) {
    more(`Link:${link.type === 'unspecified' ? '' : ` ${link.type}`} trace=${link.traceId} span=${link.spanId}`);
  }
  let last = start;
  for (const { time, text } of eventsOf(span)) {
    const when = dayOf(time) === dayOf(last) ? `${' '.repeat(11)}${timeOf(time)}` : `${dayOf(time)}-${timeOf(time)}`;
    rows.push([when, elapsedOf(time - last), text.slice(0, LONGEST)]);
    last = time;
  }
  const lost = [
    [dropped.attributes, 'attributes'],
    [dropped.annotations, 'annotations'],
    [dropped.messageEvents, 'message events'],
    [dropped.links, 'links'],
  ] as const;
  if (lost.some(([count]) => count > 0)) more(`dropped: ${lost.map(([count, what]) => `${count} ${what}`).join(', ')}`);
  return rows;
}

function eventsOf({
  annotations,
  messageEvents,
}: RunningSpan): readonly { readonly time: number; readonly text: string }[] {
  const notes = annotations.map(({ time, description, attributes }) => {
    const rest = Object.keys(attributes).length > 0 ? `  ${attributesOf(attributes)}` : '';
    return { time, text: `${description}${rest}` };
  });
  const messages = messageEvents.map(({ time, type, id, uncompressedBytes = 0, compressedBytes = 0 }) => {
    return { time, text: `${type} message [${uncompressedBytes} bytes, ${compressedBytes} compressed bytes] id ${id}` };
  });
  return [...notes, ...messages].sort((a, b) => a.time - b.time);
}

function attributesOf(attributes: Attributes): string {
  const pairs = Object.keys(attributes)
    .sort()
    .map((key) => `${key}=${shownOf(attributes[key] as AttributeValue)}`);
  return `Attributes:{${pairs.join(', ')}}`.slice(0, LONGEST);
}

function shownOf(value: AttributeValue): string {
  if (typeof value === 'object') return `[${value.map((item: string | number | boolean) => shownOf(item)).join(', ')}]`;
  return typeof value === 'string' ? quoted(value) : String(value);
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '\\"')}"`;
}

/** Seconds, always 12 wide: '     . 42000' for 42 ms, '   12.000005' for 12 s and 5 µs. */
export function elapsedOf(micros: number): string {
  const size = Math.abs(micros);
  const seconds = Math.floor(size / 1e6);
  const rest = size % 1e6;
  const sign = micros < 0 ? '-' : '';
  if (seconds > 99_999) return `${sign}${seconds}s`.padStart(12);
  if (seconds === 0) return `${sign.padStart(5)}.${String(rest).padStart(6)}`;
  return `${`${sign}${seconds}`.padStart(5)}.${String(rest).padStart(6, '0')}`;
}

function dayOf(micros: number): string {
  const date = new Date(micros / 1_000);
  return `${date.getFullYear()}/${two(date.getMonth() + 1)}/${two(date.getDate())}`;
}

function timeOf(micros: number): string {
  const date = new Date(micros / 1_000);
  const second = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${second}.${String(micros % 1e6).padStart(6, '0')}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join(' ')
          .trimEnd()}\n`,
    )
    .join('');
}
