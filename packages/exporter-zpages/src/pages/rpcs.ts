import { amount } from '../figures.ts';
import { type Html, html } from '../html.ts';
import type { Page } from '../page.ts';
import { type RpcRow, rpcsOf, type Windows } from '../rpcs.ts';
import type { Site } from '../site.ts';
import { part } from './layout.ts';

/** The RPCs that were sent and received, as the views of OpenCensus's gRPC plugins tell them. */
export async function rpcsPage(site: Site): Promise<Page> {
  const rpcs = await rpcsOf(site);
  return {
    title: 'RPCs',
    section: 'rpcz',
    main: () => html`
<div class="head"><h1>RPCs</h1><p class="quiet">gRPC methods over the last minute, the last hour and since the start</p></div>
${rpcs ? html`${part(() => tableOf('Sent', rpcs.sent))}${part(() => tableOf('Received', rpcs.received))}` : EMPTY}`,
    json: () => ({ sent: rpcs?.sent ?? [], received: rpcs?.received ?? [] }),
  };
}

const EMPTY = html`<div class="empty"><p><b>No gRPC views are registered.</b></p>
<p>This page reads views named <code>grpc.io/client/…</code> and <code>grpc.io/server/…</code>: <code>completed_rpcs</code> by method and status, <code>roundtrip_latency</code> or <code>server_latency</code>, <code>sent_bytes_per_rpc</code> and <code>received_bytes_per_rpc</code>. Other views are on the page <a href="statsz">Stats</a>.</p></div>`;

interface Group {
  readonly title: string;
  readonly of: (row: RpcRow) => Windows;
  readonly show: (value: number) => string;
}

const count = (value: number): string => (value === 0 ? '' : amount(Math.round(value)));
const rate = (value: number): string => (value === 0 ? '' : value.toFixed(3));
const GROUPS: readonly Group[] = [
  { title: 'Count', of: (row) => row.count, show: count },
  {
    title: 'Mean latency, ms',
    of: (row) => row.latency,
    show: (ms) => (ms === 0 ? '' : ms < 10 ? ms.toFixed(3) : ms.toFixed(0)),
  },
  { title: 'RPCs/s', of: (row) => row.rate, show: rate },
  { title: 'Input, KiB/s', of: (row) => row.input, show: rate },
  { title: 'Output, KiB/s', of: (row) => row.output, show: rate },
  { title: 'Errors', of: (row) => row.errors, show: count },
];

function tableOf(title: string, rows: readonly RpcRow[]): Html {
  return html`<section><h2>${title}</h2>${
    rows.length === 0
      ? html`<p class="quiet">None yet.</p>`
      : html`<div class="scroll" tabindex="0" role="region" aria-label="${title}"><table class="rows rpcs">
<thead><tr><th scope="col" rowspan="2">Method</th>${GROUPS.map(
          (group) => html`
<th scope="colgroup" colspan="3">${group.title}</th>`,
        )}</tr>
<tr>${GROUPS.map(
          () => html`<th scope="col" class="num">Min</th><th scope="col" class="num">Hour</th>
<th scope="col" class="num">All</th>`,
        )}</tr></thead>
<tbody>${rows.map(
          (row) => html`<tr data-key="${row.method}">
<th scope="row">${row.method}</th>${GROUPS.map(
            ({ of, show }) => html`<td class="num">${show(of(row).minute)}</td>
<td class="num">${show(of(row).hour)}</td><td class="num">${show(of(row).total)}</td>`,
          )}</tr>`,
        )}</tbody></table></div>`
  }</section>`;
}
