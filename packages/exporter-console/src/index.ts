import type { Writable } from 'node:stream';
import { type Exporter, flag, type Metric, oneOf, option, readOptions, type TimeSeries } from '@oc/core/exporter';
import { jsonLines } from './json.ts';
import type { LineFormat } from './line.ts';
import { prettyLines } from './pretty.ts';
import { type Line, lineWriter } from './stream.ts';

/** Options of `consoleExporter`. No environment variable sets them. */
export interface ConsoleOptions {
  /** Where the lines go: 'stdout', 'stderr' or a Node Writable, which is never ended. Default 'stdout'. */
  readonly stream?: 'stdout' | 'stderr' | Writable | undefined;
  /** 'pretty' for people, 'json' for programs. Default: 'pretty' when the stream is a terminal, else 'json'. */
  readonly format?: 'pretty' | 'json' | undefined;
  /**
   * Whether 'pretty' uses colours. Default: what FORCE_COLOR (1, 2, 3 or true; else off) or else NO_COLOR (off) says,
   * else whether the stream is a terminal that has them. 'json' never has colours.
   */
  readonly color?: boolean | undefined;
}

const SPEC = {
  stream: option(readStream, readStream, undefined),
  format: oneOf(['pretty', 'json'], undefined),
  color: flag(undefined),
};

/** Writes each span and each time series as one line to a stream. */
export function consoleExporter(options?: ConsoleOptions): Exporter {
  const { options: chosen, warnings } = readOptions('console', options, SPEC);
  let output: Output | undefined; // opened by the first call: process.stdout is made when it is first read

  return {
    name: 'console',
    warnings,
    // A stream takes one chunk at a time, and people like to see a line soon.
    delivery: { maxInFlight: 1, batchDelayMs: 100 },

    async exportSpans(spans, { resource, signal }) {
      output ??= open(chosen);
      const { format, write } = output;
      await write(
        spans.map((span) => ({ item: span, text: () => format.span(span, resource) })),
        signal,
      );
    },

    async exportMetrics(metrics, call) {
      output ??= open(chosen);
      const { format, write } = output;
      const known = metrics.filter(({ type }) => KNOWN_TYPES.includes(type));
      if (known.length < metrics.length) {
        call.warn(`console: metrics of a type that is not known here were skipped: ${metrics.length - known.length}`);
      }
      await write(
        known.flatMap((metric) =>
          Array.from(metric.timeSeries, (series: TimeSeries): Line => {
            return { item: series, text: () => format.series(metric, series, call.resource) };
          }),
        ),
        call.signal,
      );
    },
  };
}

const KNOWN_TYPES: readonly Metric['type'][] = ['gauge', 'cumulative', 'distribution'];

interface Output {
  readonly format: LineFormat;
  readonly write: ReturnType<typeof lineWriter>;
}

/** A Writable, which may be a terminal. */
type Target = Writable & { readonly isTTY?: boolean; getColorDepth?(): number };

function open({ stream = 'stdout', format, color }: ConsoleOptions): Output {
  const target: Target = typeof stream === 'string' ? process[stream] : stream;
  const pretty = (format ?? (target.isTTY ? 'pretty' : 'json')) === 'pretty';
  return {
    format: pretty ? prettyLines(color ?? hasColors(target)) : jsonLines(),
    write: lineWriter(target, typeof stream === 'string' ? stream : 'the given stream'),
  };
}

/** As Node's own decision, but without the process warning that it makes when both variables are set. */
function hasColors(target: Target): boolean {
  const { FORCE_COLOR: force, NO_COLOR: no } = process.env;
  if (force !== undefined) return /^(|1|2|3|true)$/.test(force);
  return !no && target.isTTY === true && (target.getColorDepth?.() ?? 1) > 1;
}

function readStream(given: unknown): 'stdout' | 'stderr' | Writable {
  if (given === 'stdout' || given === 'stderr') return given;
  const { write, once, off, writable } = Object(given) as Partial<Writable>;
  if ([write, once, off].every((method) => typeof method === 'function') && typeof writable === 'boolean') {
    return given as Writable;
  }
  throw new Error("must be 'stdout', 'stderr' or a Node Writable");
}
