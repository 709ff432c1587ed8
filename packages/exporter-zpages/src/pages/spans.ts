import type { SpanKind } from '@oc/core/exporter';
import { type Html, html } from '../html.ts';

const KINDS: Readonly<Record<SpanKind, string>> = {
  server: 'server',
  client: 'client',
  producer: 'producer',
  consumer: 'consumer',
  unspecified: 'internal',
};

/** The colour of a kind, and its name for those who do not see it. */
export function kindMark(kind: SpanKind): Html {
  return html`<span class="kind k-${KINDS[kind]}" title="${KINDS[kind]}"><span
  class="sr">${KINDS[kind]} </span></span>`;
}

/** The name of a kind: that of a span within the process is 'internal'. */
export function kindName(kind: SpanKind): string {
  return KINDS[kind];
}
