import type { DropReason, ExporterHealth, SignalHealth } from '@oc/core/exporter';
import { ago, clockTime, grouped, share, wholeTime } from '../figures.ts';
import { type Html, html } from '../html.ts';
import type { Page } from '../page.ts';
import type { Site } from '../site.ts';
import { type Line, sparkline } from './charts.ts';
import { lossesOf, REASONS, STATES, signalsOf, troubleOf } from './health.ts';
import { part } from './layout.ts';

/** The account of each exporter, live: the page where a loss is seen. */
export function exportersPage(site: Site): Page {
  const health = site.source.health();
  const inTrouble = (exporter: ExporterHealth): number => (troubleOf(exporter) ? 0 : 1);
  const fed = health.filter((exporter) => signalsOf(exporter).length > 0).sort((a, b) => inTrouble(a) - inTrouble(b));
  const readers = health.filter((exporter) => signalsOf(exporter).length === 0);
  return {
    title: 'Exporters',
    section: 'exporterz',
    main: () => html`
<div class="head"><h1>Exporters</h1><p class="quiet">accepted = delivered + dropped + waiting, at any moment</p></div>
${verdictOf(health)}
${fed.length === 0 ? EMPTY : fed.map((exporter) => part(() => cardOf(site, exporter)))}
${readersOf(readers)}`,
    json: () => ({ exporters: health }),
  };
}

const EMPTY = html`<div class="empty"><p><b>No exporter takes anything.</b></p>
<p>What is recorded is seen on these pages, and nowhere else.</p></div>`;

/** In one sentence: whether all that is accepted gets out. */
export function verdictOf(health: readonly ExporterHealth[]): Html {
  const trouble = health.filter((exporter) => troubleOf(exporter));
  const lost = health.flatMap(signalsOf).reduce((sum, { health: signal }) => sum + lossesOf(signal), 0);
  if (trouble.length > 0) {
    return html`<p class="verdict bad"><b>${trouble.map(({ name }) => name).join(', ')}</b> ${trouble.length === 1 ? 'does' : 'do'} not deliver now.${lost > 0 ? ` ${grouped(lost)} items are lost.` : ' What waits is kept, to the bound of its queue.'}</p>`;
  }
  if (lost > 0)
    return html`<p class="verdict warn">All exporters deliver. ${grouped(lost)} items were lost before; the reasons are below.</p>`;
  return html`<p class="verdict good">Nothing is lost.</p>`;
}

function cardOf(site: Site, exporter: ExporterHealth): Html {
  return html`<section class="card exporter" data-key="exporter-${exporter.name}"><h2>${exporter.name}</h2>
<div class="signals">${signalsOf(exporter).map(({ signal, health }) => signalHtml(site, exporter.name, signal, health))}</div></section>`;
}

/** Those that nothing is delivered to: they read for themselves, when they are asked. */
function readersOf(readers: readonly ExporterHealth[]): Html | null {
  if (readers.length === 0) return null;
  return html`<p class="quiet">Read when they are asked, so that nothing is delivered to them: ${readers.map(({ name }, at) => html`${at > 0 ? ', ' : ''}<b>${name}</b>`)}.</p>`;
}

function signalHtml(site: Site, exporter: string, signal: 'spans' | 'metrics', health: SignalHealth): Html {
  const { state, accepted, delivered, dropped, queued, inFlight, lastError, lastWarning } = health;
  const { word, mood } = STATES[state];
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  const waiting = queued + inFlight;
  const figures = [
    ['accepted', accepted, ''],
    ['delivered', delivered, 'good'],
    ['waiting', waiting, waiting > 0 ? 'live' : ''],
    ['dropped', lost, lost > 0 ? 'bad' : ''],
  ] as const;
  const isNow = mood === 'warn' || mood === 'bad';
  return html`<div class="signal" data-key="${signal}">
<h3>${signal === 'spans' ? 'Spans' : 'Time series'} <span class="state ${mood}">${word}</span></h3>
<dl class="figures">${figures.map(
    ([name, count, tone]) => html`<div class="${tone}"><dt>${name}</dt>
<dd>${grouped(count)}</dd></div>`,
  )}</dl>
${flowOf(accepted, [
  ['good', delivered],
  ['live', waiting],
  ['bad', lost],
])}
<p class="queue quiet"><span>waiting, last hour</span>${sparkline(queueOf(site, exporter, signal))}</p>
${
  lost > 0
    ? html`<table class="pairs reasons"><tbody>${Object.entries(dropped).map(
        ([reason, count]) => html`<tr>
<th scope="row">${grouped(count)} <code>${reason}</code></th>
<td>${REASONS[reason as DropReason] ?? 'no more is known'}, ${share(count, accepted)} of all</td></tr>`,
      )}</tbody></table>`
    : null
}
${lastError ? html`<p class="note${isNow ? ' bad' : ''}"><b>${isNow ? 'Error' : 'Last error'}</b>, ${timeOf(lastError.at)}: <span class="message">${lastError.message}</span></p>` : null}
${
  lastWarning
    ? html`<p class="note"><b>The backend said</b>, ${timeOf(lastWarning.at)}: <span
  class="message">${lastWarning.message}</span></p>`
    : null
}</div>`;
}

function timeOf(at: number): Html {
  return html`<time title="${wholeTime(at)}">${clockTime(at)}, ${ago(Date.now() - at)}</time>`;
}

function queueOf({ readings }: Site, exporter: string, signal: 'spans' | 'metrics'): Line {
  const points = readings
    .healthOf(exporter)
    .map(({ at, health }) => ({ at, y: health[signal].queued + health[signal].inFlight }));
  return { label: 'waiting in the last hour', points };
}

function flowOf(accepted: number, parts: readonly (readonly [string, number])[]): Html {
  let left = 0;
  return html`<svg class="flow" width="100%" height="8" aria-hidden="true">
<rect class="rest" width="100%" height="8" rx="3"/>${parts.map(([mood, count]) => {
    const width = accepted > 0 ? (100 * count) / accepted : 0;
    const x = left;
    left += width;
    return width > 0
      ? html`<rect class="${mood}" x="${x.toFixed(3)}%" width="${Math.max(0.3, width).toFixed(3)}%" height="8"/>`
      : null;
  })}</svg>`;
}
