import type { DistributionMetric, DistributionValue } from '@oc/core/exporter';
import { bound, counted, quantity, share } from '../figures.ts';
import { type Html, html } from '../html.ts';
import { quantileOf } from '../quantiles.ts';

const QUANTILES = [0.5, 0.95, 0.99] as const;
/** Pixels from the top: a line of text for each quantile, so that they may lie close together; the bars; the bounds. */
const LABELS = 42;
const FLOOR = 176;
const FOOT = 22;
const MOST_LABELS = 9;

/** The buckets of a distribution, and where its quantiles lie. */
export function histogram(metric: DistributionMetric, value: DistributionValue): Html {
  const { bounds, unit } = metric;
  const { bucketCounts, count } = value;
  if (count === 0) return html`<p class="quiet chart-empty">Nothing was measured yet.</p>`;
  if (bounds.length === 0) return html`<p class="quiet chart-empty">This distribution has no buckets.</p>`;
  const most = Math.max(...bucketCounts);
  const width = 100 / bucketCounts.length;
  const every = Math.ceil(bounds.length / MOST_LABELS);
  const words = QUANTILES.map((q) => `${nameOf(q)} ${quantity(quantileOf(q, bounds, bucketCounts, value), unit)}`);
  return html`<svg class="histogram" width="100%" height="${FLOOR + FOOT}" role="img"
  aria-label="${counted(count, 'measurement')} in ${counted(bucketCounts.length, 'bucket')}: ${words.join(', ')}">
<line class="rule" x1="0" x2="100%" y1="${FLOOR}" y2="${FLOOR}"/>
${bucketCounts.map((items, at) => {
  const height = items === 0 ? 0 : Math.max(2, ((FLOOR - LABELS) * items) / most);
  return html`<g><title>${rangeOf(metric, at)}: ${items} (${share(items, count)})</title>
<rect class="hit" x="${(at * width).toFixed(3)}%" y="0" width="${width.toFixed(3)}%" height="${FLOOR}"/>
<rect class="bucket" x="${(at * width + width * 0.06).toFixed(3)}%" y="${(FLOOR - height).toFixed(1)}"
  width="${(width * 0.88).toFixed(3)}%" height="${height.toFixed(1)}" rx="2"/></g>`;
})}
${bounds.map((limit, at) =>
  at % every === 0
    ? html`
<text class="bound${(at / every) % 2 === 0 ? '' : ' second'}" x="${((at + 1) * width).toFixed(3)}%" y="${FLOOR + 16}"
  text-anchor="middle">${bound(limit, unit)}</text>`
    : null,
)}
${QUANTILES.map((q, line) => markOf(q, line, metric, value, width))}</svg>`;
}

function rangeOf({ bounds, unit }: DistributionMetric, at: number): string {
  const [lower, upper] = [bounds[at - 1], bounds[at]];
  if (lower === undefined) return `below ${bound(upper ?? 0, unit)}`;
  return upper === undefined ? `${bound(lower, unit)} and more` : `${bound(lower, unit)} to ${bound(upper, unit)}`;
}

function markOf(
  q: number,
  line: number,
  { bounds }: DistributionMetric,
  value: DistributionValue,
  width: number,
): Html {
  const at = quantileOf(q, bounds, value.bucketCounts, value);
  const found = bounds.findIndex((bound) => at < bound);
  const bucket = found < 0 ? bounds.length : found;
  const lower = bounds[bucket - 1] ?? 0;
  const upper = bounds[bucket] ?? Math.max(value.max ?? at, lower);
  const inside = upper > lower ? Math.min(1, Math.max(0, (at - lower) / (upper - lower))) : 0;
  const x = Math.min(99.5, width * (bucket + inside));
  const [dx, anchor] = x > 88 ? [-5, 'end'] : [5, 'start'];
  const top = 2 + line * 13;
  return html`<g class="mark q${q * 100}"><line x1="${x.toFixed(2)}%" x2="${x.toFixed(2)}%" y1="${top}" y2="${FLOOR}"/>
<text x="${x.toFixed(2)}%" y="${top + 9}" dx="${dx}" text-anchor="${anchor}">${nameOf(q)}</text></g>`;
}

function nameOf(q: number): string {
  return `p${q * 100}`;
}
