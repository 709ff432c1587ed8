import {
  type Annotation,
  type Attributes,
  type AttributeValue,
  type Link,
  type MessageEvent,
  type RunningSpan,
  STATUS_CODES,
} from '@oc/core/exporter';
import { bytes, duration, wholeTime } from '../figures.ts';
import { type Html, html, link } from '../html.ts';
import type { Ring } from '../ring.ts';
import type { Site } from '../site.ts';
import type { Branch, Tree } from '../tree.ts';
import { kindMark, kindName } from './spans.ts';

/** A span of another trace that links to a span of this one. */
export interface LinkedFrom {
  readonly traceId: string;
  readonly spanId: string;
  readonly name: string;
  readonly to: string;
}

const MOST_LINKED = 50;

/** The spans that link to a trace. */
export function linksTo(ring: Ring, traceId: string): readonly LinkedFrom[] {
  const found: LinkedFrom[] = [];
  for (const trace of ring.traces()) {
    for (const span of trace.spans) {
      for (const { traceId: linked, spanId } of span.links) {
        if (linked === traceId) found.push({ traceId: span.traceId, spanId: span.spanId, name: span.name, to: spanId });
        if (found.length >= MOST_LINKED) return found;
      }
    }
  }
  return found;
}

/** All that a span says. */
export function panelOf(
  site: Site,
  tree: Tree,
  { span, offset, duration: micros, isRunning, sampled }: Branch,
  linked: readonly LinkedFrom[],
): Html {
  const { name, kind, status, attributes, annotations, messageEvents, links, dropped, scope, spanId, parentSpanId } =
    span;
  const from = linked.filter(({ to }) => to === spanId);
  const losses = Object.entries(dropped).filter(([, count]) => count > 0);
  return html`
<header class="panel-head"><h2>${kindMark(kind)}${name || '(no name)'}</h2>
<p class="facts"><b>${duration(micros)}</b>${
    isRunning
      ? html`<span
  class="tag live">running</span>`
      : null
  }<span>${kindName(kind)}</span><span>${offset === 0 ? 'from the start' : `from +${duration(offset)}`}</span></p></header>
${status.code === 0 ? null : html`<div class="note bad"><b>${STATUS_CODES[status.code] ?? status.code}</b>${status.message ? html`<span class="message">${status.message}</span>` : null}</div>`}
${sampled === false ? html`<p class="note">Seen only here: the sampler left this span out, so no exporter gets it.</p>` : null}
${Object.keys(attributes).length > 0 ? html`<h3>Attributes</h3>${attributesOf(attributes, true)}` : null}
${
  annotations.length + messageEvents.length > 0
    ? html`<h3>Events</h3>
<ol class="events">${eventsOf(tree, span)}</ol>`
    : null
}
${links.length > 0 ? html`<h3>Links</h3><ul class="links">${links.map((each) => linkOf(site, each))}</ul>` : null}
${
  from.length > 0
    ? html`<h3>Linked from</h3><ul class="links">${from.map(
        (each) => html`
<li><a href="${link('tracez', { traceid: each.traceId, spanid: each.spanId })}">${each.name}</a> <code
  class="quiet">${each.traceId.slice(0, 8)}</code></li>`,
      )}</ul>`
    : null
}
<h3>About</h3>
<table class="pairs"><tbody>
${pair('Started', wholeTime(span.start / 1_000))}
${pair('Span id', html`<code>${spanId}</code>`)}
${parentSpanId ? pair(span.remoteParent ? 'Parent, in another process' : 'Parent', html`<code>${parentSpanId}</code>`) : null}
${scope ? pair('Library', scope.version ? `${scope.name} ${scope.version}` : scope.name) : null}
${span.traceState ? pair('Trace state', html`<code>${span.traceState}</code>`) : null}
${losses.length > 0 ? pair('Left out by limits', losses.map(([what, count]) => `${count} ${DROPPED[what] ?? what}`).join(', ')) : null}
</tbody></table>`;
}

const DROPPED: Readonly<Record<string, string>> = {
  attributes: 'attributes',
  annotations: 'annotations',
  messageEvents: 'message events',
  links: 'links',
};

function pair(key: string, value: string | Html): Html {
  // Long names may be broken where their parts meet.
  const parts = key.split(/(?<=[._/])/);
  return html`<tr><th scope="row">${parts.map((part, at) => html`${at > 0 ? html`<wbr>` : null}${part}`)}</th>
<td>${value}</td></tr>`;
}

function attributesOf(attributes: Attributes, isSearchable: boolean): Html {
  const keys = Object.keys(attributes).sort();
  return html`<table class="pairs"><tbody>${keys.map((key) => {
    const value = attributes[key] as AttributeValue;
    // Words of a search have no quotes and no line breaks, and are short.
    const search =
      isSearchable && typeof value !== 'object' && /^[^"\s]{1,80}$/.test(`${key}${value}`)
        ? link('tracez', { q: `${key}=${value}` })
        : undefined;
    const shown = html`<span class="v-${typeof value}">${shownOf(value)}</span>`;
    return pair(
      key,
      search ? html`<a class="find" href="${search}" title="Traces with this value">${shown}</a>` : shown,
    );
  })}</tbody></table>`;
}

const LONGEST_TEXT = 8_192;

function shownOf(value: AttributeValue): string {
  if (typeof value !== 'object') return cut(String(value));
  return cut(value.map((item) => (typeof item === 'string' ? JSON.stringify(item) : String(item))).join(', '));
}

function cut(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT).toWellFormed()}…`;
}

function eventsOf(tree: Tree, { annotations, messageEvents }: RunningSpan): readonly Html[] {
  const all = [
    ...annotations.map((note) => ({ time: note.time, text: annotationOf(note) })),
    ...messageEvents.map((event) => ({ time: event.time, text: messageOf(event) })),
  ];
  return all
    .sort((a, b) => a.time - b.time)
    .map(({ time, text }) => html`<li><span class="at">${duration(time - tree.start)}</span><div>${text}</div></li>`);
}

function annotationOf({ description, attributes }: Annotation): Html {
  const { 'exception.stacktrace': stack, ...rest } = attributes;
  if (description !== 'exception' || typeof stack !== 'string') {
    return html`<b>${cut(description)}</b>${Object.keys(attributes).length > 0 ? attributesOf(attributes, false) : null}`;
  }
  const { 'exception.type': type, 'exception.message': message } = rest;
  return html`<b class="bad">${String(type ?? 'exception')}</b> ${cut(String(message ?? ''))}<details>
<summary>Stack</summary><pre>${cut(stack)}</pre></details>`;
}

function messageOf({ type, id, uncompressedBytes, compressedBytes }: MessageEvent): Html {
  const sizes = [
    uncompressedBytes === undefined ? '' : bytes(uncompressedBytes),
    compressedBytes === undefined ? '' : `${bytes(compressedBytes)} compressed`,
  ].filter(Boolean);
  return html`<b>${type === 'sent' ? '↑ sent' : '↓ received'}</b> message ${id}${
    sizes.length > 0
      ? html` <span
  class="quiet">${sizes.join(', ')}</span>`
      : null
  }`;
}

const LINK_TYPES = { parent: 'parent', child: 'child', unspecified: 'linked' } as const;

function linkOf({ ring }: Site, { traceId, spanId, type, attributes }: Link): Html {
  const trace = ring.get(traceId);
  const name = trace?.spans.find((span) => span.spanId === spanId)?.name ?? trace?.root.name;
  const target = html`<code>${traceId.slice(0, 8)}/${spanId.slice(0, 8)}</code>`;
  return html`<li><span class="tag">${LINK_TYPES[type]}</span> ${
    trace
      ? html`<a
  href="${link('tracez', { traceid: traceId, spanid: spanId })}">${name ?? ''} ${target}</a>`
      : html`${target} <span
  class="quiet">not kept here</span>`
  }${Object.keys(attributes).length > 0 ? attributesOf(attributes, false) : null}</li>`;
}

/** A span by the names of its data; what JSON cannot say, such as NaN, as text. */
export function spanJson(span: RunningSpan, sampled: boolean | undefined): Readonly<Record<string, unknown>> {
  const {
    traceId,
    spanId,
    parentSpanId,
    traceState,
    remoteParent,
    name,
    kind,
    start,
    end,
    scope,
    status,
    attributes,
    annotations,
    messageEvents,
    links,
    dropped,
    childCount,
  } = span;
  return {
    traceId,
    spanId,
    parentSpanId,
    traceState,
    remoteParent,
    name,
    kind,
    start,
    end,
    scope,
    status,
    attributes,
    annotations,
    messageEvents,
    links,
    dropped,
    childCount,
    sampled,
  };
}
