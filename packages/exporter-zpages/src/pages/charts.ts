import { clockTime } from '../figures.ts';
import { type Html, html } from '../html.ts';

/** A line of a chart; NaN leaves a gap. */
export interface Line {
  readonly label: string;
  readonly points: readonly { readonly at: number; readonly y: number }[];
}

/** It is 120 pixels wide. */
const MOST_POINTS = 60;

/** A small picture of a course, without figures. */
export function sparkline({ label, points }: Line): Html {
  const each = Math.ceil(points.length / MOST_POINTS);
  const known = points.filter(({ y }, at) => Number.isFinite(y) && (at % each === 0 || at === points.length - 1));
  if (known.length < 2) return html`<span class="quiet">–</span>`;
  const path = pathOf(known, Math.max(...known.map(({ y }) => y)), 24, 2);
  return html`<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" width="120" height="24" role="img"
  aria-label="${label}"><path class="area" d="${path}L100,24L0,24Z"/><path class="line" d="${path}"/></svg>`;
}

const HEIGHT = 150;

/** The course of one or more lines, from 0 up, with what they were at most and at last. */
export function courseChart(
  lines: readonly Line[],
  figure: (value: number) => string,
  scale: (value: number) => string = figure,
): Html {
  const drawn = lines.map((line) => ({ ...line, points: line.points.filter(({ y }) => Number.isFinite(y)) }));
  const all = drawn.flatMap(({ points }) => points);
  if (drawn.every(({ points }) => points.length < 2)) {
    return html`<p class="quiet chart-empty">The course begins with the second reading: there is one each 10 seconds.</p>`;
  }
  const most = niceCeiling(Math.max(...all.map(({ y }) => y)));
  const first = Math.min(...all.map(({ at }) => at));
  const last = Math.max(...all.map(({ at }) => at));
  return html`<div class="chart"><div class="scale" aria-hidden="true">${[1, 0.5, 0].map((part) => html`<span>${scale(most * part)}</span>`)}</div>
<div class="plot"><svg viewBox="0 0 100 ${HEIGHT}" preserveAspectRatio="none" width="100%" height="${HEIGHT}" role="img"
  aria-label="${drawn.map(({ label, points }) => `${label}: ${figure(points.at(-1)?.y ?? 0)} at last`).join(', ')}">
${[0, 0.5, 1].map(
  (part) => html`<line class="rule" x1="0" x2="100" y1="${1 + part * (HEIGHT - 2)}"
  y2="${1 + part * (HEIGHT - 2)}"/>`,
)}
${drawn.map(({ points }, at) => (points.length < 2 ? null : linePath(points, { first, last, most }, at, drawn.length === 1)))}</svg>
<div class="span-of-time quiet" aria-hidden="true"><span>${clockTime(first)}</span><span>${clockTime(last)}</span></div></div></div>
<ul class="legend">${drawn.map(
    ({ label, points }, at) => html`
<li><span class="swatch line-${at}"></span>${label} <b>${points.length > 0 ? figure(points.at(-1)?.y ?? 0) : '–'}</b></li>`,
  )}</ul>`;
}

function linePath(
  points: Line['points'],
  { first, last, most }: { first: number; last: number; most: number },
  at: number,
  isOnly: boolean,
): Html {
  const path = pathOf(points, most, HEIGHT, 1, first, last);
  const begin = (100 * ((points[0]?.at ?? 0) - first)) / Math.max(1, last - first);
  const end = (100 * ((points.at(-1)?.at ?? 0) - first)) / Math.max(1, last - first);
  const area = isOnly
    ? html`<path class="area" d="${path}L${end.toFixed(2)},${HEIGHT}L${begin.toFixed(2)},${HEIGHT}Z"/>`
    : null;
  return html`${area}<path class="line line-${at}" d="${path}"/>`;
}

function pathOf(
  points: Line['points'],
  most: number,
  height: number,
  margin: number,
  first: number = points[0]?.at ?? 0,
  last: number = points.at(-1)?.at ?? 1,
): string {
  return points
    .map(({ at, y }, i) => {
      const x = (100 * (at - first)) / Math.max(1, last - first);
      const top = height - margin - (height - 2 * margin) * (most > 0 ? Math.max(0, y) / most : 0);
      return `${i === 0 ? 'M' : 'L'}${x.toFixed(2)},${top.toFixed(2)}`;
    })
    .join('');
}

/** 1, 2 or 5 with zeros, not below the value. */
function niceCeiling(value: number): number {
  if (!(value > 0)) return 1;
  const decade = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * decade).find((step) => step >= value * 0.999) ?? value;
}
