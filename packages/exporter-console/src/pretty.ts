import {
  type Annotation,
  type Attributes,
  type AttributeValue,
  type DistributionValue,
  type MessageEvent,
  type Resource,
  type SpanData,
  STATUS_CODES,
  type UnixMicros,
} from '@oc/core/exporter';
import { isUnsafe, type LineFormat, safeJson } from './line.ts';

const TEXT_CHARACTERS = 120; // of one text: 32 attributes of 8 KiB would fill a screen
const MOMENTS = 4; // annotations and message events shown of one span

const SPAN_KIND = {
  unspecified: 'internal',
  server: 'server',
  client: 'client',
  producer: 'producer',
  consumer: 'consumer',
} as const;
const METRIC_TYPE = { gauge: 'gauge', cumulative: 'total', distribution: 'spread' } as const;
const KIND_WIDTH = 8;
const DURATION_WIDTH = 8;
// UCUM's names of what people know by another one.
const UNIT: ReadonlyMap<string, string> = new Map([
  ['', ''],
  ['1', ''],
  ['By', 'B'],
  ['us', 'µs'],
]);

const STYLE = { bold: [1, 22], dim: [2, 22], red: [31, 39], cyan: [36, 39] } as const;
const TRACE_COLORS = [32, 33, 34, 35, 36, 92, 93, 94, 95, 96]; // no red, which is for errors

/** Lines for people: columns first, then what varies in length. Fields are two spaces apart. */
export function prettyLines(color: boolean): LineFormat {
  const styled = (text: string, on: number, off: number): string =>
    color && text !== '' ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  const paint = (style: keyof typeof STYLE, text: string): string => styled(text, STYLE[style][0], STYLE[style][1]);
  const line = (fields: readonly string[]): string => fields.filter((field) => field !== '').join('  ');
  const pairs = (attributes: Attributes): string =>
    Object.entries(attributes)
      .map(([key, value]) => `${paint('dim', `${word(key)}=`)}${valueText(value)}`)
      .join(' ');
  const place = (time: UnixMicros, resource: Resource): string[] => [
    paint('dim', clock(time)),
    paint('dim', serviceOf(resource)),
  ];

  function moment(span: SpanData, event: Annotation | MessageEvent): string {
    const after = `+${duration(event.time - span.start)}`;
    if ('type' in event) {
      const bytes = event.uncompressedBytes === undefined ? '' : ` ${event.uncompressedBytes} B`;
      return paint('dim', `[${after} ${event.type} #${event.id}${bytes}]`);
    }
    const { 'exception.type': type, 'exception.message': message = '' } = event.attributes;
    if (event.description === 'exception' && type !== undefined) {
      return paint('red', `[${after} ${phrase(`${type}: ${message}`)}]`);
    }
    const more = pairs(event.attributes);
    return `${paint('dim', `[${after} ${phrase(event.description)}`)}${more && ` ${more}`}${paint('dim', ']')}`;
  }

  function amount(value: number, digits: number, unit: string): string {
    return `${number(value, digits)}${paint('dim', unit && ` ${unit}`)}`;
  }

  function distribution({ count, sum, min, max }: DistributionValue, unit: string): string {
    const facts = [`${paint('dim', 'count')} ${count}`];
    if (count > 0) facts.push(`${paint('dim', 'mean')} ${amount(sum / count, 4, unit)}`);
    if (count > 0 && min !== undefined && max !== undefined) {
      facts.push(`${paint('dim', 'range')} ${number(min, 4)}..${number(max, 4)}`);
    }
    return facts.join(' ');
  }

  return {
    span(span, resource) {
      const { code, message } = span.status;
      const moments = [...span.annotations, ...span.messageEvents].sort((a, b) => a.time - b.time);
      const tail = [
        count(moments.length - MOMENTS, 'more event'),
        count(span.links.length, 'link'),
        count(
          Object.values(span.dropped).reduce((sum, each) => sum + each, 0),
          'dropped item',
        ),
        span.parentSpanId === undefined ? '' : `parent ${span.parentSpanId.slice(0, 8)}`,
      ];
      const traceColor = TRACE_COLORS[Number.parseInt(span.traceId.slice(0, 8), 16) % TRACE_COLORS.length] ?? 36;
      return line([
        ...place(span.start, resource),
        styled(`${span.traceId.slice(0, 8)}/${span.spanId.slice(0, 8)}`, traceColor, 39),
        paint('cyan', SPAN_KIND[span.kind].padEnd(KIND_WIDTH)),
        duration(span.end - span.start).padStart(DURATION_WIDTH),
        paint('bold', phrase(span.name)),
        code === 0 ? '' : paint('red', STATUS_CODES[code] ?? `status ${code}`),
        code === 0 || !message ? '' : paint('red', phrase(message)),
        pairs(span.attributes),
        moments
          .slice(0, MOMENTS)
          .map((event) => moment(span, event))
          .join(' '),
        paint('dim', tail.filter((text) => text !== '').join(', ')),
      ]);
    },

    series(metric, { labelValues, time, value }, resource) {
      const unit = UNIT.get(metric.unit) ?? phrase(metric.unit);
      const labels = metric.labelKeys
        .map((key, at) => ({ key, value: labelValues[at] }))
        .filter((label) => label.value !== undefined)
        .map((label) => `${paint('dim', `${word(label.key)}=`)}${quoted(label.value ?? '')}`)
        .join(',');
      return line([
        ...place(time, resource),
        paint('cyan', METRIC_TYPE[metric.type].padEnd(KIND_WIDTH)),
        `${paint('bold', word(metric.name))}${labels && `{${labels}}`}`,
        typeof value === 'number' ? amount(value, 9, unit) : distribution(value, unit),
        metric.type === 'distribution' && typeof value !== 'number' ? bars(value.bucketCounts, metric.bounds) : '',
      ]);
    },
  };
}

/** Bars of the buckets from the first to the last that hold something, between their outer bounds: `5|▁▇█·▂|100`. */
function bars(bucketCounts: readonly number[], bounds: readonly number[]): string {
  const first = bucketCounts.findIndex((inBucket) => inBucket > 0);
  const last = bucketCounts.findLastIndex((inBucket) => inBucket > 0);
  if (first < 0) return '';
  const most = Math.max(...bucketCounts);
  const heights = bucketCounts.slice(first, last + 1).map((inBucket) => Math.ceil((inBucket / most) * 8));
  return `${bounds[first - 1] ?? 0}|${heights.map((height) => '·▁▂▃▄▅▆▇█'[height]).join('')}|${bounds[last] ?? '∞'}`;
}

/** 'checkout'; nothing for the name that core makes up, which would only be noise. */
function serviceOf({ labels }: Resource): string {
  const service = labels['service.name'] ?? '';
  return service.startsWith('unknown_service') ? '' : service && word(service);
}

/** Local time: '18:04:05.123'. */
function clock(micros: UnixMicros): string {
  const date = new Date(micros / 1_000);
  const two = (part: number): string => String(part).padStart(2, '0');
  const milliseconds = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${milliseconds}`;
}

/** Three digits in the unit that suits: '850 µs', '12.3 ms', '1.50 s', '2m 05s', '26h 03m'. */
function duration(micros: number): string {
  if (micros < 1_000) return `${micros} µs`;
  if (micros < 999_500) return `${(micros / 1_000).toPrecision(3)} ms`;
  if (micros < 59_950_000) return `${(micros / 1_000_000).toPrecision(3)} s`;
  const seconds = Math.round(micros / 1_000_000);
  const two = (part: number): string => String(Math.floor(part)).padStart(2, '0');
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  return `${Math.floor(seconds / 3_600)}h ${two((seconds % 3_600) / 60)}m`;
}

/** Whole numbers as they are, others with so many digits. */
function number(value: number, digits: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(digits)));
}

function count(many: number, noun: string): string {
  return many <= 0 ? '' : `${many} ${noun}${many === 1 ? '' : 's'}`;
}

function valueText(value: AttributeValue): string {
  if (typeof value === 'string') return word(value);
  return Array.isArray(value) ? `[${cut(value.map((each) => word(String(each))).join(','))}]` : String(value);
}

/** A text inside key=value: quoted where its end would not be plain to see. */
function word(text: string): string {
  return /^$|[\s"\\=,[\]{}]/.test(text) || isUnsafe(text) ? quoted(text) : cut(text);
}

/** A text that is a field of its own: single spaces may stay. */
function phrase(text: string): string {
  return /^$|^\s|\s\s|\s$|["\\]/.test(text) || isUnsafe(text) ? quoted(text) : cut(text);
}

function quoted(text: string): string {
  return safeJson(cut(text));
}

function cut(text: string): string {
  if (text.length <= TEXT_CHARACTERS) return text;
  const head = text.slice(0, TEXT_CHARACTERS - 1);
  return `${head.isWellFormed() ? head : head.slice(0, -1)}…`; // not between the two halves of a character
}
