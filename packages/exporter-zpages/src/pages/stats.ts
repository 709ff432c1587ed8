import { counted, quantity, rate } from '../figures.ts';
import { type Html, html, link } from '../html.ts';
import type { Page } from '../page.ts';
import { type Reading, rateBetween, windowStart } from '../readings.ts';
import type { Site } from '../site.ts';
import { type Row, type Rows, rowsOf, type ViewState, viewStatesOf } from '../stats.ts';
import { type Line, sparkline } from './charts.ts';
import { part } from './layout.ts';
import { viewJson, viewPage } from './view.ts';

/** All views, or those of a directory; one view, when the path names it. */
export async function statsPage(site: Site, query: URLSearchParams): Promise<Page> {
  const path = query.get('path') ?? '';
  const states = await viewStatesOf(site);
  const named = states.find(({ view }) => view.name === path);
  if (named) return viewPage(site, named, query);
  const inside = states.filter(({ view }) => path === '' || view.name.startsWith(`${path.replace(/\/$/, '')}/`));
  const shown = inside.length > 0 ? inside : states;
  return {
    title: 'Stats',
    section: 'statsz',
    main: () => html`
<div class="head"><h1>Stats</h1><p class="quiet">${counted(shown.length, 'view')}, read each 10 seconds; the last hour is kept</p></div>
${shown.length === 0 ? EMPTY : directoriesOf(shown).map(([directory, views]) => part(() => tableOf(site, directory, views)))}
${site.readings.unfollowed > 0 ? html`<p class="note">${counted(site.readings.unfollowed, 'row')} have no course: no more than 1,000 are followed.</p>` : null}`,
    json: () => ({
      views: shown.map(({ view, metric }) => viewJson(view, metric, rowsOf(site, metric).rows)),
      measures: measuresOf(states),
    }),
  };
}

const EMPTY = html`<div class="empty"><p><b>No views yet.</b></p>
<p>A measurement shows when the application says what is to be made of it: <code>telemetry({ views: [view({ measure, aggregation: count() })] })</code></p></div>`;

/** Views by what stands before the last slash of their names. */
function directoriesOf(states: readonly ViewState[]): readonly (readonly [string, readonly ViewState[]])[] {
  const directories = new Map<string, ViewState[]>();
  for (const state of states) {
    const { name } = state.view;
    const directory = name.slice(0, name.lastIndexOf('/') + 1);
    directories.set(directory, [...(directories.get(directory) ?? []), state]);
  }
  return [...directories];
}

function tableOf(site: Site, directory: string, states: readonly ViewState[]): Html {
  return html`<section>${
    directory
      ? html`
<h2 class="directory"><a href="${link('statsz', { path: directory.slice(0, -1) })}">${directory}</a></h2>`
      : null
  }
<table class="rows views" data-rows><thead><tr><th scope="col">View</th><th scope="col" class="wide num">Rows</th>
<th scope="col" class="num">Now</th><th scope="col" class="num">Last minute</th>
<th scope="col" class="wide">Last hour</th></tr></thead>
<tbody>${states.map((state) => rowHtml(site, directory, state))}</tbody></table></section>`;
}

function rowHtml(site: Site, directory: string, { view, metric }: ViewState): Html {
  const rows = rowsOf(site, metric);
  const shown = rows.together ?? (rows.rows.length === 1 ? rows.rows[0] : undefined);
  const line = shown && courseOf(view.aggregation.type, shown.course);
  return html`<tr data-key="${view.name}">
<td class="what"><a class="cover" href="${link('statsz', { path: view.name })}"><b>${view.name.slice(directory.length)}</b></a><span class="hint">${view.description}</span></td>
<td class="num wide">${rows.total}</td>
<td class="num">${nowOf(view.aggregation.type, view.measure.unit, shown, rows)}</td>
<td class="num">${minuteOf(view.aggregation.type, view.measure.unit, shown)}</td>
<td class="wide">${line ? sparkline(line) : html`<span class="quiet">–</span>`}</td></tr>`;
}

type Kind = ViewState['view']['aggregation']['type'];

function nowOf(kind: Kind, unit: string, shown: Row | undefined, rows: Rows): Html {
  if (!shown)
    return html`<span class="quiet">${rows.total === 0 ? 'nothing yet' : counted(rows.total, 'value')}</span>`;
  if (typeof shown.value !== 'number') {
    const { count, sum } = shown.value;
    return html`${count > 0 ? html`<span class="quiet">mean</span> ${quantity(sum / count, unit)}` : '–'}`;
  }
  return html`${quantity(shown.value, kind === 'count' ? '1' : unit)}`;
}

/** What was added in the last minute, a second; nothing for a gauge. */
export function minuteOf(kind: Kind, unit: string, row: Row | undefined): string {
  const last = row?.course.at(-1);
  const first = row && windowStart(row.course, 60_000);
  if (kind === 'lastValue' || !last || !first) return '–';
  const perSecond = rateBetween(first, last);
  return kind === 'sum' && unit !== '1' ? `${quantity(perSecond, unit)}/s` : rate(perSecond);
}

/** The line that says most about a row: a gauge's value, else how much was added a second. */
export function courseOf(kind: Kind, course: readonly Reading[]): Line {
  if (kind === 'lastValue') return { label: 'value', points: course.map(({ at, value }) => ({ at, y: value })) };
  const points = course
    .slice(1)
    .map((reading, at) => ({ at: reading.at, y: rateBetween(course[at] ?? reading, reading) }));
  return { label: 'a second', points };
}

function measuresOf(states: readonly ViewState[]): readonly unknown[] {
  const measures = new Map(states.map(({ view: { measure } }) => [measure.name, measure]));
  return Array.from(measures.values(), ({ name, description, unit, type }) => ({ name, description, unit, type }));
}
