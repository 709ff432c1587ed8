import type { ExporterHealth, SignalHealth } from '@oc/core';

const COLUMNS = ['exporter', 'signal', 'state', 'accepted', 'delivered', 'waiting', 'dropped'] as const;

/** One line for each signal of each exporter: accepted = delivered + waiting + dropped. */
export function healthTable(health: readonly ExporterHealth[]): string {
  const rows = health
    .flatMap(({ name, spans, metrics }) => [rowOf(name, 'spans', spans), rowOf(name, 'metrics', metrics)])
    .filter(([, , state]) => state !== 'unused');
  const widths = COLUMNS.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  return [COLUMNS, ...rows]
    .map((row) => `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd())
    .concat(health.flatMap(troubleOf))
    .join('\n');
}

function rowOf(name: string, signal: string, health: SignalHealth): string[] {
  const { state, accepted, delivered, queued, inFlight, dropped } = health;
  const losses = Object.entries(dropped).map(([reason, items]) => `${items} ${reason}`);
  return [name, signal, state, `${accepted}`, `${delivered}`, `${queued + inFlight}`, losses.join(', ') || '0'];
}

/** What keeps an exporter from sending. */
function troubleOf({ spans, metrics }: ExporterHealth): string[] {
  return [spans, metrics]
    .filter(({ state }) => state === 'retrying' || state === 'paused' || state === 'failed')
    .map(({ state, lastError }) => `  ${state}: ${lastError?.message ?? 'no reason was given'}`);
}
