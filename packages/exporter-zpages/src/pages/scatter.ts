import { clockTime, counted, duration, grouped } from '../figures.ts';
import { type Html, html, link } from '../html.ts';
import type { TraceRow } from '../traces.ts';

const HEIGHT = 96;
const MARGIN = 6;
const STEPS = 3;

/** Durations over time, by a logarithm: what is slow, and when, in one look. */
export function scatterOf(rows: readonly TraceRow[]): Html {
  const starts = rows.map(({ start }) => start);
  const first = Math.min(...starts);
  const span = Math.max(1, Math.max(...starts) - first);
  const logs = rows.map(({ duration }) => Math.log10(Math.max(1, duration)));
  // What runs goes up and up: it would press all others flat, so it may leave the scale.
  const ended = rows.flatMap(({ running }, at) => (running === 0 ? [logs[at] ?? 0] : []));
  const scaled = ended.length > 0 ? ended : logs;
  const least = Math.floor(Math.min(...scaled));
  const step = Math.max(1, Math.ceil((Math.max(...scaled) - least) / STEPS));
  const decades = Array.from({ length: STEPS + 1 }, (_, at) => least + at * step);
  const yOf = (log: number): string =>
    (HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * Math.min(1, Math.max(0, (log - least) / (STEPS * step)))).toFixed(1);
  const dots = rows.map((row, at) => {
    const x = (0.6 + (98.8 * (row.start - first)) / span).toFixed(2);
    return dotOf(row, x, yOf(logs[at] ?? least));
  });
  return html`<figure class="card scatter chart">
<div class="scale" aria-hidden="true">${decades.toReversed().map((log) => html`<span>${decade(log)}</span>`)}</div>
<div class="plot"><svg width="100%" height="${HEIGHT}" role="group"
  aria-label="Durations of ${counted(rows.length, 'trace')} over time">
${decades.map((log) => html`<line class="rule" x1="0" x2="100%" y1="${yOf(log)}" y2="${yOf(log)}"/>`)}
${dots.toReversed()}</svg>
<div class="span-of-time quiet" aria-hidden="true"><span>${clockTime(first / 1_000)}</span><span>${clockTime((first + span) / 1_000)}</span></div></div></figure>`;
}

function dotOf({ traceId, name, duration: micros, errors, running }: TraceRow, x: string, y: string): Html {
  const mood = errors > 0 ? 'bad' : running > 0 ? 'live' : 'good';
  // The table below has the same links for the keyboard.
  return html`<a href="${link('tracez', { traceid: traceId })}" tabindex="-1" aria-label="${name}, ${duration(micros)}"
  data-key="dot-${traceId}"><circle class="dot ${mood}" cx="${x}%" cy="${y}"
  r="${errors > 0 ? 4 : 3.5}"><title>${name}, ${duration(micros)}</title></circle></a>`;
}

/** A power of ten of microseconds: '10 ms', '1,000 s'. */
function decade(log: number): string {
  if (log < 3) return `${10 ** log} µs`;
  return log < 6 ? `${10 ** (log - 3)} ms` : `${grouped(10 ** (log - 6))} s`;
}
