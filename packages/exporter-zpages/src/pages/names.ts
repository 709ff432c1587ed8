import { STATUS_CODES } from '@oc/core/exporter';
import { amount, clockTime, counted, duration, grouped, wholeTime } from '../figures.ts';
import { type Html, html, link } from '../html.ts';
import { type Cell, cellOf, type NameRow, nameRowsOf, type Sample, samplesOf } from '../names.ts';
import type { Page } from '../page.ts';
import { LATENCY_BUCKETS } from '../samples.ts';
import type { Site } from '../site.ts';
import { namesText, samplesText } from '../text.ts';
import { part } from './layout.ts';
import { spanJson } from './span.ts';
import { kindMark } from './spans.ts';
import { LOCAL, tabsOf } from './traces.ts';

/** Samples by name: how many run, how long they took, how they failed. OpenCensus's own Tracez, and its parameters. */
export function namesPage(site: Site, query: URLSearchParams): Page {
  site.intake.catchUp();
  const rows = nameRowsOf(site);
  const cell = cellOf(query);
  const samples = cell && samplesOf(site, cell);
  return {
    title: cell ? cell.name || '(no name)' : 'Spans by name',
    section: 'tracez',
    main: () => html`
<div class="head"><h1>Traces</h1><p class="quiet">A few spans of each name, latency and error code, long after the list of the newest has moved on</p></div>
<div class="bar">${tabsOf('names', '', site.intake.running.list().length)}</div>
${
  rows.length > 0
    ? part(() => tableOf(rows, cell))
    : html`<div class="empty"><p><b>No spans yet.</b></p>
<p>Names appear here as soon as the first spans end.</p></div>`
}
${cell && samples ? part(() => samplesHtml(cell, samples)) : null}`,
    json: () => ({
      names: rows,
      ...(samples && { spans: samples.map(({ span, sampled }) => spanJson(span, sampled)) }),
    }),
    text: () => (samples ? samplesText(samples) : namesText(rows)),
  };
}

const LABELS = ['< 10 µs', '10 µs', '100 µs', '1 ms', '10 ms', '100 ms', '1 s', '10 s', '100 s'];

function tableOf(rows: readonly NameRow[], cell: Cell | undefined): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Spans by name"><table class="rows names">
<thead><tr><th scope="col">Name</th><th scope="col" class="num">Running</th>${LABELS.map(
    (label, at) => html`
<th scope="col" class="num">${at === 0 ? label : html`<span class="quiet">≥</span> ${label}`}</th>`,
  )}
<th scope="col" class="num">Errors</th></tr></thead>
<tbody>${rows.map((row) => rowHtml(row, cell))}</tbody></table></div>
<p class="quiet hint-line">Figures are spans seen since the start. Behind each are the last samples of its kind, at most one a second.</p>`;
}

function rowHtml(row: NameRow, cell: Cell | undefined): Html {
  const seen = row.latencySeen.reduce((sum, count) => sum + count, 0) + row.errorsSeen;
  const cellHtml = (type: Cell['type'], subtype: number, count: number, kept: number, mood: string): Html => {
    const isCurrent = cell?.name === row.name && cell.type === type && cell.subtype === subtype;
    const part = seen > 0 && count > 0 ? Math.ceil((4 * count) / seen) : 0;
    const at = TYPE_NUMBERS[type];
    const figure =
      kept > 0
        ? html`<a href="${link('tracez', { zspanname: row.name, ztype: at, zsubtype: subtype })}"
  title="${counted(kept, 'sample')}">${amount(count)}</a>`
        : html`<span class="zero">${count === 0 ? '·' : amount(count)}</span>`;
    return html`<td class="num heat ${mood}${part}${isCurrent ? ' current' : ''}">${figure}</td>`;
  };
  return html`<tr data-key="${row.name}"><th scope="row">${row.name || '(no name)'}</th>
${cellHtml('running', 0, row.running, row.running, 'live')}
${row.latencySeen.map((count, at) => cellHtml('latency', at, count, row.latency[at] ?? 0, 'good'))}
${cellHtml('errors', 0, row.errorsSeen, row.errors, 'bad')}</tr>`;
}

const TYPE_NUMBERS: Readonly<Record<Cell['type'], number>> = { running: 0, latency: 1, errors: 2 };

function samplesHtml(cell: Cell, samples: readonly Sample[]): Html {
  return html`<section class="samples"><h2>${cell.name || '(no name)'} <span class="quiet">${wordsOf(cell)}</span></h2>
${
  samples.length === 0
    ? html`<div class="empty"><p>There is no such span here any more.</p></div>`
    : html`<table class="rows traces" data-rows>
<thead><tr><th scope="col">Started</th><th scope="col">Span</th><th scope="col" class="num">Duration</th></tr></thead>
<tbody>${samples.map(sampleRow)}</tbody></table>`
}</section>`;
}

function wordsOf({ type, subtype }: Cell): string {
  if (type === 'running') return 'running, the oldest first';
  if (type === 'errors') return subtype === 0 ? 'with errors' : (STATUS_CODES[subtype] ?? '');
  const from = duration(LATENCY_BUCKETS[subtype]?.from ?? 0);
  const to = LATENCY_BUCKETS[subtype + 1]?.from;
  return to === undefined ? `${from} and more` : `${from} to ${duration(to)}`;
}

function sampleRow({ span, sampled }: Sample): Html {
  const { traceId, spanId, kind, start, end, status, attributes } = span;
  const [key] = Object.keys(attributes);
  const hint = status.message ?? (key === undefined ? '' : `${key}=${String(attributes[key])}`);
  return html`<tr data-key="${spanId}"><td class="when"><time
  title="${wholeTime(start / 1_000)}">${clockTime(start / 1_000)}</time></td>
<td class="what"><a class="cover" href="${link('tracez', { traceid: traceId, spanid: spanId })}#span">${kindMark(kind)}<code>${traceId.slice(0, 8)}/${spanId.slice(0, 8)}</code></a>${status.code === 0 ? null : html`<span class="tag bad">${STATUS_CODES[status.code] ?? grouped(status.code)}</span>`}${sampled === false ? LOCAL : null}<span class="hint">${hint}</span></td>
<td class="num">${end === undefined ? html`${duration(Date.now() * 1_000 - start)}…` : duration(end - start)}</td></tr>`;
}
