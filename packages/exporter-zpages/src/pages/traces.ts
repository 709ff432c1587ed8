import { amount, clockTime, counted, duration, grouped, wholeTime } from '../figures.ts';
import { type Html, html, link } from '../html.ts';
import type { Page } from '../page.ts';
import type { Site } from '../site.ts';
import { LISTS, type ListName, listOf, type TraceList, type TraceRow } from '../traces.ts';
import { part } from './layout.ts';
import { scatterOf } from './scatter.ts';
import { kindMark } from './spans.ts';

const FIRST = 100;
const MOST = 1_000;

/** The traces, live. */
export async function traceListPage(site: Site, query: URLSearchParams): Promise<Page> {
  site.intake.catchUp();
  const asked = query.get('show') as ListName;
  const list = LISTS.includes(asked) ? asked : 'newest';
  const search = query.get('q')?.trim() ?? '';
  const most = Math.min(MOST, Math.max(FIRST, Number(query.get('limit')) || FIRST));
  const now = Date.now() * 1_000;
  const running = site.intake.running.list();
  const traces = await listOf(site.ring, running, { list, search, most, now });
  const state: ListState = { site, list, search, most, traces, running: running.length };
  return {
    title: 'Traces',
    section: 'tracez',
    main: () => mainOf(state),
    json: () => ({
      list,
      search,
      total: traces.total,
      seen: site.intake.seen,
      evicted: site.ring.evicted,
      traces: traces.rows,
    }),
  };
}

interface ListState {
  readonly site: Site;
  readonly list: ListName;
  readonly search: string;
  readonly most: number;
  readonly traces: TraceList;
  readonly running: number;
}

const TITLES: Readonly<Record<ListName, string>> = {
  newest: 'Newest',
  slowest: 'Slowest',
  errors: 'With errors',
  running: 'Running now',
};

function mainOf(state: ListState): Html {
  const { site, list, search, most, traces } = state;
  return html`
<div class="head"><h1>Traces</h1><p class="quiet">${keptOf(site)}</p></div>
<div class="bar">
  ${tabsOf(list, search, state.running)}
  <form class="search" role="search" action="tracez">
    ${list === 'newest' ? null : html`<input type="hidden" name="show" value="${list}">`}
    <label class="sr" for="q">Search traces</label>
    <input id="q" name="q" type="search" value="${search}" placeholder="Name, id, text or key=value" autocomplete="off"
  spellcheck="false" data-live-search>
    <button class="button" type="submit">Search</button>
  </form>
</div>
${traces.rows.length > 1 ? part(() => scatterOf(traces.rows)) : null}
${traces.rows.length > 0 ? part(() => tableOf(traces.rows)) : emptyOf(state)}
${
  traces.isCut && most < MOST
    ? html`<p class="more"><a class="button"
  href="${link('tracez', { show: list, q: search, limit: Math.min(MOST, most * 4) })}">Show more</a></p>`
    : null
}
${traces.isCut && most >= MOST ? html`<p class="more quiet">These are the first ${grouped(MOST)}; search for the others.</p>` : null}`;
}

/** The tabs above lists of traces; `names` is the one for samples by name. */
export function tabsOf(current: ListName | 'names', search: string, running: number): Html {
  const tab = (name: ListName | 'names', title: string, count: Html | null): Html => {
    const isCurrent = name === current ? html` aria-current="true"` : null;
    const show = name === 'newest' ? null : name;
    return html`<li><a href="${link('tracez', { show, q: name === 'names' ? null : search })}"${isCurrent}>${title}${count}</a></li>`;
  };
  const count = running > 0 ? html` <span class="count">${amount(running)}</span>` : null;
  return html`<nav class="tabs" aria-label="Which traces">
<ul>${LISTS.map((name) => tab(name, TITLES[name], name === 'running' ? count : null))}${tab('names', 'By name', null)}</ul></nav>`;
}

function keptOf({ ring, intake: { seen, running } }: Site): Html {
  const facts = [`${counted(ring.size, 'trace')} kept of ${counted(seen.spans, 'span')} seen`];
  if (seen.skipped > 0) facts.push(`${grouped(seen.skipped)} came too fast to be kept`);
  if (running.untracked > 0) facts.push(`${grouped(running.untracked)} running spans are not followed`);
  return html`${facts.join(' · ')}`;
}

/** A table of traces; the bars are in proportion to the slowest of them, leaving out those that run. */
export function tableOf(rows: readonly TraceRow[]): Html {
  const ended = rows.filter(({ running }) => running === 0);
  const slowest = (ended.length > 0 ? ended : rows).reduce((most, { duration }) => Math.max(most, duration), 1);
  return html`<table class="rows traces" data-rows>
<thead><tr><th scope="col">Started</th><th scope="col">Trace</th><th scope="col" class="num wide">Spans</th>
<th scope="col" class="num">Duration</th>
<th scope="col" class="wide"><span class="sr">Duration as a bar</span></th></tr></thead>
<tbody>${rows.map((row) => rowHtml(row, slowest))}</tbody></table>`;
}

function rowHtml(row: TraceRow, slowest: number): Html {
  const { traceId, name, kind, start, duration: micros, spans, errors, running, sampled, hint } = row;
  const mood = errors > 0 ? 'bad' : running > 0 ? 'live' : 'good';
  const width = Math.min(100, Math.max(0.6, (100 * micros) / slowest)).toFixed(2);
  return html`<tr data-key="${traceId}" class="${errors > 0 ? 'failed' : ''}">
<td class="when"><time datetime="${new Date(start / 1_000).toISOString()}"
  title="${wholeTime(start / 1_000)}">${clockTime(start / 1_000)}</time></td>
<td class="what"><a class="cover" href="${link('tracez', { traceid: traceId })}">${kindMark(kind)}<b>${name || '(no name)'}</b></a>
${errors > 0 ? html`<span class="tag bad">${counted(errors, 'error')}</span>` : null}${
  running > 0
    ? html`<span
  class="tag live">running</span>`
    : null
}${sampled === false ? LOCAL : null}<span class="hint">${hint}</span></td>
<td class="num wide">${grouped(spans)}</td>
<td class="num">${duration(micros)}</td>
<td class="wide bars"><svg class="meter ${mood}" aria-hidden="true" width="100%" height="8">
<rect width="${width}%" height="8" rx="2"/></svg></td></tr>`;
}

/** Marks what the sampler left out. */
export const LOCAL: Html = html`<span class="tag local" title="The sampler left this trace out: no exporter gets it">seen only here</span>`;

function emptyOf({ site, list, search }: ListState): Html {
  if (search !== '') {
    return html`<div class="empty"><p><b>No trace fits this search.</b></p>
<p>It looks at names, ids, status messages, attributes and annotations of the ${counted(site.ring.size, 'trace')} that are kept. <code>key=value</code> looks at one attribute only.</p><p><a class="button" href="${link('tracez', { show: list === 'newest' ? null : list })}">Clear the search</a></p></div>`;
  }
  const words: Readonly<Record<ListName, readonly [string, string]>> = {
    newest: [
      'No traces yet.',
      'They appear here by themselves as soon as the application ends a span, sampled or not.',
    ],
    slowest: ['No traces yet.', 'They appear here by themselves, the slowest first.'],
    errors: ['No errors.', 'A trace is listed here when one of its spans ends with a status that is not OK.'],
    running: [
      'Nothing is running.',
      'Spans that have begun and not ended are listed here, the oldest first: the place to find those that are never ended.',
    ],
  };
  const [title, text] = words[list];
  return html`<div class="empty"><p><b>${title}</b></p><p>${text}</p></div>`;
}
