import type { DistributionMetric, DistributionValue, Metric, View } from '@oc/core/exporter';
import { age, amount, bound, counted, grouped, quantity } from '../figures.ts';
import { type Html, html, link } from '../html.ts';
import type { Page } from '../page.ts';
import { quantileOf } from '../quantiles.ts';
import type { Site } from '../site.ts';
import { type Row, type Rows, rowsOf, type ViewState } from '../stats.ts';
import { courseChart, sparkline } from './charts.ts';
import { histogram } from './histogram.ts';
import { part } from './layout.ts';
import { courseOf, minuteOf } from './stats.ts';

/** One view: its rows, and charts of one of them or of all together. */
export function viewPage(site: Site, { view, metric }: ViewState, query: URLSearchParams): Page {
  const rows = rowsOf(site, metric);
  const asked = query.get('row');
  const at = asked === null ? -1 : rows.rows.findIndex(({ labelValues }) => keyOf(labelValues) === asked);
  const chosen = rows.rows[at] ?? rows.together ?? rows.rows[0];
  return {
    title: view.name,
    section: 'statsz',
    main: () => mainOf(view, metric, rows, chosen, at < 0 && rows.together !== undefined),
    json: () => ({ ...viewJson(view, metric, rows.rows), course: chosen?.course ?? [] }),
  };
}

const AGGREGATIONS = { count: 'count', sum: 'sum', lastValue: 'last value', distribution: 'distribution' } as const;

function mainOf(
  view: View,
  metric: Metric | undefined,
  rows: Rows,
  chosen: Row | undefined,
  isTogether: boolean,
): Html {
  const { name, description, measure, aggregation, tagKeys } = view;
  const since = sinceOf(metric);
  return html`
<nav class="crumbs" aria-label="Path"><a href="statsz">Stats</a><span
  aria-hidden="true">/</span>${directoriesTo(name)}</nav>
<div class="head"><h1>${name}</h1><p class="quiet">${description}</p></div>
<ul class="inline-facts"><li>${AGGREGATIONS[aggregation.type]} of <code>${measure.name}</code></li>${measure.unit === '1' ? null : html`<li>in <code>${measure.unit}</code></li>`}<li>${tagKeys.length > 0 ? html`by ${tagKeys.map((key, at) => html`${at > 0 ? ', ' : ''}<code>${key}</code>`)}` : 'without tags'}</li>${since === undefined ? null : html`<li>for ${age(Date.now() - since / 1_000)}</li>`}</ul>
${chosen && metric ? part(() => chartsOf(view, metric, chosen, isTogether, rows)) : null}
${
  metric && rows.total > 0
    ? part(() => tableOf(view, metric, rows, isTogether ? undefined : chosen))
    : html`
<div class="empty"><p><b>Nothing was measured yet.</b></p>
<p>Rows appear with the first <code>stats.record</code> of <code>${measure.name}</code>, one for each combination of ${tagKeys.length > 0 ? tagKeys.join(', ') : 'tags'}.</p></div>`
}
${rows.total > rows.rows.length ? html`<p class="note">${counted(rows.rows.length, 'row')} of ${grouped(rows.total)} are shown, the largest.</p>` : null}`;
}

function directoriesTo(name: string): Html {
  const parts = name.split('/').slice(0, -1);
  return html`${parts.map((part, at) => html`<a href="${link('statsz', { path: parts.slice(0, at + 1).join('/') })}">${part}</a><span aria-hidden="true">/</span>`)}`;
}

function sinceOf(metric: Metric | undefined): number | undefined {
  for (const { start } of metric?.timeSeries ?? []) return start;
  return undefined;
}

function chartsOf(view: View, metric: Metric, chosen: Row, isTogether: boolean, rows: Rows): Html {
  const kind = view.aggregation.type;
  const unit = kind === 'count' ? '1' : view.measure.unit;
  const title = isTogether && rows.total > 1 ? 'all rows together' : labelsText(metric.labelKeys, chosen.labelValues);
  const inUnit = (value: number): string => quantity(value, unit);
  if (metric.type === 'distribution' && typeof chosen.value !== 'number') {
    const { course } = chosen;
    const quantiles = (['p95', 'p50'] as const).map((q) => ({
      label: q,
      points: course.map((reading) => ({ at: reading.at, y: reading[q] })),
    }));
    return html`${figuresOf(metric, chosen.value)}<div class="charts"><section class="card">
<h2>Distribution <span class="quiet">${title}</span></h2>${histogram(metric, chosen.value)}</section>
<section class="card"><h2>Last hour <span class="quiet">each 10 s</span></h2>${courseChart(quantiles, inUnit, (value) => bound(value, unit))}</section></div>`;
  }
  const figure = kind === 'lastValue' ? inUnit : (value: number): string => `${inUnit(value)}/s`;
  return html`<section class="card"><h2>Last hour <span class="quiet">${title}</span></h2>${courseChart([courseOf(kind, chosen.course)], figure, (value) => bound(value, unit))}</section>`;
}

function figuresOf(metric: DistributionMetric, value: DistributionValue): Html {
  const { count, sum, min, max, sumOfSquaredDeviation, bucketCounts } = value;
  const inUnit = (number: number | undefined): string =>
    number === undefined || Number.isNaN(number) ? '–' : quantity(number, metric.unit);
  const q = (at: number): string => inUnit(quantileOf(at, metric.bounds, bucketCounts, value));
  const figures = [
    ['count', grouped(count)],
    ['mean', inUnit(count > 0 ? sum / count : undefined)],
    ['p50', q(0.5)],
    ['p95', q(0.95)],
    ['p99', q(0.99)],
    ['least', inUnit(min)],
    ['greatest', inUnit(max)],
    ['deviation', inUnit(count > 0 ? Math.sqrt(sumOfSquaredDeviation / count) : undefined)],
  ];
  return html`<dl class="figures">${figures.map(
    ([name, figure]) => html`<div><dt>${name}</dt>
<dd>${figure}</dd></div>`,
  )}</dl>`;
}

function tableOf(view: View, metric: Metric, { rows, together, total }: Rows, chosen: Row | undefined): Html {
  const { labelKeys } = metric;
  const isDistribution = metric.type === 'distribution';
  const kind = view.aggregation.type;
  const unit = kind === 'count' ? '1' : view.measure.unit;
  const columns = isDistribution
    ? ['Count', 'Mean', 'p50', 'p95', 'p99']
    : [kind === 'count' ? 'Count' : kind === 'sum' ? 'Sum' : 'Value'];
  const cellsOf = (row: Row): readonly string[] => {
    if (typeof row.value === 'number' || !isDistribution) return [quantity(Number(row.value), unit)];
    const { count, sum, bucketCounts } = row.value;
    const quantiles = [0.5, 0.95, 0.99].map((q) =>
      quantileOf(q, metric.bounds, bucketCounts, row.value as DistributionValue),
    );
    return [
      amount(count),
      ...[count > 0 ? sum / count : Number.NaN, ...quantiles].map((value) =>
        Number.isNaN(value) ? '–' : quantity(value, unit),
      ),
    ];
  };
  const rowHtml = (row: Row, key: string | null, label: Html): Html => html`<tr data-key="${key ?? 'all'}"${
    row === chosen || (!chosen && key === null)
      ? html`
  class="current"`
      : null
  }>${label}
${cellsOf(row).map((cell, at) => html`<td class="num${at > 1 ? ' wide' : ''}">${cell}</td>`)}
<td class="num">${minuteOf(kind, unit, row)}</td><td class="wide">${sparkline(courseOf(kind, row.course))}</td></tr>`;
  const linkTo = (key: string | null, text: Html): Html =>
    html`<a class="cover" href="${link('statsz', { path: view.name, row: key })}">${text}</a>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Rows"><table class="rows views" data-rows>
<thead><tr>${labelKeys.map((key) => html`<th scope="col">${key}</th>`)}${
    labelKeys.length === 0
      ? html`
<th scope="col">Row</th>`
      : null
  }${columns.map(
    (column, at) => html`
<th scope="col" class="num${at > 1 ? ' wide' : ''}">${column}</th>`,
  )}<th scope="col" class="num">Last minute</th>
<th scope="col" class="wide">Last hour</th></tr></thead>
<tbody>${
    together && total > 1
      ? rowHtml(
          together,
          null,
          html`
<th scope="row" colspan="${Math.max(1, labelKeys.length)}">${linkTo(null, html`All rows`)}</th>`,
        )
      : null
  }
${rows.map((row) => rowHtml(row, keyOf(row.labelValues), labelCells(row, linkTo)))}</tbody></table></div>`;
}

function labelCells({ labelValues }: Row, linkTo: (key: string, text: Html) => Html): Html {
  if (labelValues.length === 0) return html`<th scope="row">${linkTo(keyOf(labelValues), html`the only one`)}</th>`;
  return html`${labelValues.map((value, at) =>
    at === 0
      ? html`
<th scope="row">${linkTo(keyOf(labelValues), labelOf(value))}</th>`
      : html`<td>${labelOf(value)}</td>`,
  )}`;
}

/** A tag's value as it is shown: one that is missing is not the same as an empty one. */
export function labelOf(value: string | undefined): Html {
  if (value === undefined) return html`<span class="quiet">(not set)</span>`;
  return value === '' ? html`<span class="quiet">""</span>` : html`${value}`;
}

function labelsText(keys: readonly string[], values: Row['labelValues']): string {
  return keys.map((key, at) => `${key}=${values[at] ?? '(not set)'}`).join(', ');
}

function keyOf(labelValues: Row['labelValues']): string {
  return JSON.stringify(labelValues.map((value) => value ?? null));
}

/** A view as JSON: its definition and its rows. */
export function viewJson(
  view: View,
  metric: Metric | undefined,
  rows: readonly Row[],
): Readonly<Record<string, unknown>> {
  const { name, description, measure, aggregation, tagKeys } = view;
  return {
    name,
    description,
    measure: { name: measure.name, unit: measure.unit, type: measure.type },
    aggregation: aggregation.type,
    ...(aggregation.type === 'distribution' && { bounds: aggregation.bounds }),
    columns: tagKeys,
    start: sinceOf(metric),
    rows: rows.map(({ labelValues, value }) => ({ labels: labelValues.map((label) => label ?? null), value })),
  };
}
