import { bound, duration } from '../figures.ts';
import { type Html, html, link } from '../html.ts';
import type { Branch, Tree } from '../tree.ts';
import { part } from './layout.ts';
import { kindMark, kindName } from './spans.ts';

/** The spans of a trace, one a line, each as a bar on the time of the trace. */
export function waterfallOf(tree: Tree, branches: readonly Branch[], selected: Branch | undefined): Html {
  const ticks = ticksOf(tree.duration);
  return html`${rulerOf(tree, ticks)}
<ol class="spans">${branches.map((branch) => part(() => rowOf(tree, ticks, branch, branch === selected)))}</ol>
${legendOf(tree)}`;
}

/** Round times from 0 up, about four of them, below the whole. */
function ticksOf(whole: number): readonly number[] {
  const rough = whole / 4;
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * decade).find((each) => each >= rough * 0.9) ?? rough;
  return Array.from({ length: Math.ceil(whole / step) }, (_, at) => at * step);
}

function rulerOf({ duration: whole }: Tree, ticks: readonly number[]): Html {
  // The last one has no room for its text when it is close to the end.
  const texts = ticks.filter((tick) => tick < whole * 0.92);
  return html`<div class="span-row ruler" aria-hidden="true"><span class="name">Span</span>
<svg class="time" width="100%" height="20">${texts.map(
    (tick) => html`
<text x="${((100 * tick) / whole).toFixed(3)}%" y="14" text-anchor="${tick === 0 ? 'start' : 'middle'}">${tick === 0 ? '0' : bound(tick, 'us')}</text>`,
  )}</svg></div>`;
}

function legendOf({ branches }: Tree): Html {
  const kinds = [...new Set(branches.map(({ span }) => span.kind))];
  return html`<p class="kinds quiet" aria-hidden="true">${kinds.map((kind) => html`<span>${kindMark(kind)}${kindName(kind)}</span>`)}${branches.some(({ span }) => span.status.code !== 0) ? html`<span><span class="kind k-bad"></span>failed</span>` : null}${branches.some(({ isRunning }) => isRunning) ? html`<span><span class="kind k-live"></span>running</span>` : null}</p>`;
}

const DEEPEST = 12;

function rowOf(tree: Tree, ticks: readonly number[], branch: Branch, isSelected: boolean): Html {
  const { span, depth, duration: micros, isRunning } = branch;
  const { name, kind, status, spanId, scope } = span;
  const hasFailed = status.code !== 0;
  const words = `, ${isRunning ? 'running for ' : ''}${duration(micros)}${hasFailed ? ', failed' : ''}`;
  return html`<li data-key="${spanId}"><a class="span-row${isSelected ? ' selected' : ''}"
  href="${link('tracez', { traceid: tree.traceId, spanid: spanId })}#span"${isSelected ? html` aria-current="true"` : null} data-span title="${name}">
<span class="name d${Math.min(depth, DEEPEST)}">${kindMark(kind)}<span
  class="text">${name || '(no name)'}</span>${scope ? html`<span class="hint">${scope.name}</span>` : null}<span
  class="sr">${words}</span>${hasFailed ? FAILED : null}</span>
${barOf(tree, ticks, branch)}</a></li>`;
}

const FAILED = html`<svg class="failed-mark" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
<circle cx="8" cy="8" r="7"/><path d="M8 4.2v4.6"/><path d="M8 11.4v.2"/></svg>`;

function barOf(tree: Tree, ticks: readonly number[], { span, offset, duration: micros, isRunning }: Branch): Html {
  const left = percent(offset, tree.duration);
  const width = Math.min(100 - left, percent(micros, tree.duration));
  const right = left + width;
  // The figure stands after the bar; before it, where there is no room; else on it.
  const place =
    right < 86
      ? { x: right, dx: 6, anchor: 'start', on: '' }
      : left > 14
        ? { x: left, dx: -6, anchor: 'end', on: '' }
        : { x: right, dx: -6, anchor: 'end', on: ' on' };
  const kind = span.status.code !== 0 ? 'bad' : `k-${kindName(span.kind)}`;
  const notes = [...span.annotations, ...span.messageEvents].slice(0, 100);
  return html`<svg class="time" width="100%" height="26" aria-hidden="true">
${ticks.slice(1).map(
  (tick) => html`<line class="tick" x1="${percent(tick, tree.duration).toFixed(3)}%"
  x2="${percent(tick, tree.duration).toFixed(3)}%" y1="0" y2="28"/>`,
)}
<rect class="span-bar ${kind}${isRunning ? ' running' : ''}" x="${left.toFixed(3)}%" y="7"
  width="${Math.max(width, 0.15).toFixed(3)}%" height="12" rx="2.5"/>
${notes.map(
  ({ time }) => html`<circle class="event" cx="${percent(time - tree.start, tree.duration).toFixed(3)}%"
  cy="13" r="2.5"/>`,
)}
<text class="figure${place.on}" x="${place.x.toFixed(3)}%" dx="${place.dx}" y="17"
  text-anchor="${place.anchor}">${duration(micros)}${isRunning ? '…' : ''}</text></svg>`;
}

function percent(part: number, whole: number): number {
  return Math.min(100, Math.max(0, (100 * part) / whole));
}
