import { ago, counted, duration, grouped, wholeTime } from '../figures.ts';
import { type Html, html } from '../html.ts';
import type { Page } from '../page.ts';
import type { Site } from '../site.ts';
import { byTrace } from '../traces.ts';
import { type Branch, type Tree, treeOf } from '../tree.ts';
import { part } from './layout.ts';
import { type LinkedFrom, linksTo, panelOf, spanJson } from './span.ts';
import { LOCAL } from './traces.ts';
import { waterfallOf } from './waterfall.ts';

/** Spans that are shown of one trace. */
const MOST_ROWS = 1_000;

/** One trace as a waterfall, with the details of one of its spans. */
export function tracePage(site: Site, query: URLSearchParams): Page {
  site.intake.catchUp();
  const traceId = (query.get('traceid') ?? '').toLowerCase();
  const now = Date.now() * 1_000;
  const running = byTrace(site.intake.running.list()).get(traceId) ?? [];
  const tree = treeOf(traceId, site.ring.get(traceId), running, now);
  if (!tree) return goneOf(site, traceId);

  const asked = (query.get('spanid') ?? '').toLowerCase();
  const selected = tree.branches.find(({ span }) => span.spanId === asked) ?? tree.branches[0];
  const title = tree.branches[0]?.span.name || '(no name)';
  return {
    title,
    section: 'tracez',
    main: () => mainOf({ site, tree, selected, title, now, linked: linksTo(site.ring, traceId) }),
    json: () => ({
      traceId,
      start: tree.start,
      duration: tree.duration,
      omittedSpans: tree.omitted,
      spans: tree.branches.map(({ span, sampled }) => spanJson(span, sampled)),
    }),
  };
}

function goneOf(site: Site, traceId: string): Page {
  return {
    title: 'Trace not found',
    section: 'tracez',
    status: 404,
    json: () => ({ traceId, spans: [] }),
    main: () => html`<div class="head"><h1>Trace not found</h1></div><div class="empty">
<p><b>This trace is not here.</b></p>
<p>It is another process's, or it has made room for newer ones: ${counted(site.ring.size, 'trace')} are kept, at most ${grouped(site.ring.bounds.traces)} or ${Math.round(site.ring.bounds.bytes / 2 ** 20)} MiB.</p><p><a class="button" href="tracez">All traces</a></p></div>`,
  };
}

interface TraceState {
  readonly site: Site;
  readonly tree: Tree;
  readonly selected: Branch | undefined;
  readonly title: string;
  readonly now: number;
  readonly linked: readonly LinkedFrom[];
}

function mainOf({ site, tree, selected, title, now, linked }: TraceState): Html {
  const { branches, omitted } = tree;
  const hidden = omitted + Math.max(0, branches.length - MOST_ROWS);
  return html`
<nav class="crumbs" aria-label="Path"><a href="tracez">Traces</a><span
  aria-hidden="true">/</span><code>${tree.traceId}</code><button class="copy" type="button"
  data-copy="${tree.traceId}">Copy id</button></nav>
<div class="head trace-head"><h1>${title}</h1>${factsOf(tree, now)}</div>
${hidden > 0 ? html`<p class="note">${counted(hidden, 'span')} of this trace are not shown: there are too many.</p>` : null}
${
  branches.some(({ isOrphan }) => isOrphan)
    ? html`
<p class="note">Some spans are shown without their parents, which are not here (any more).</p>`
    : null
}
<div class="split">
<section class="card waterfall" aria-label="Spans">
${part(() => waterfallOf(tree, branches.slice(0, MOST_ROWS), selected))}
</section>
${
  selected
    ? html`<aside class="card panel" id="span" aria-label="Span ${selected.span.name}"
  tabindex="-1">${part(() => panelOf(site, tree, selected, linked))}</aside>`
    : null
}
</div>`;
}

function factsOf(tree: Tree, now: number): Html {
  const isOver = tree.running === 0;
  return html`<p class="facts"><b>${duration(tree.duration)}</b>
<span>${counted(tree.branches.length + tree.omitted, 'span')}</span>
${tree.errors > 0 ? html`<span class="tag bad">${counted(tree.errors, 'error')}</span>` : null}${isOver ? null : html`<span class="tag live">${counted(tree.running, 'span')} running</span>`}${tree.branches.some(({ sampled }) => sampled === false) ? LOCAL : null}
<time class="quiet" datetime="${new Date(tree.start / 1_000).toISOString()}"
  title="${ago((now - tree.start) / 1_000)}">${wholeTime(tree.start / 1_000)}</time></p>`;
}
