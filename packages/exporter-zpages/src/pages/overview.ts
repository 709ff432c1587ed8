import { age, amount, counted, share } from '../figures.ts';
import { type Html, html, link } from '../html.ts';
import type { Page } from '../page.ts';
import type { Site } from '../site.ts';
import { type ListName, listOf, type TraceList } from '../traces.ts';
import { verdictOf } from './exporters.ts';
import { part } from './layout.ts';
import { tableOf } from './traces.ts';

const FEW = 6;

/** The start: what this process is, whether all is well, and what deserves a look. */
export async function overviewPage(site: Site): Promise<Page> {
  site.intake.catchUp();
  const now = Date.now() * 1_000;
  const running = site.intake.running.list();
  const few = (list: ListName): Promise<TraceList> => listOf(site.ring, running, { list, search: '', most: FEW, now });
  const [errors, slowest, newest] = [await few('errors'), await few('slowest'), await few('newest')];
  const { source, ring, intake, openedAt } = site;
  const { labels, type } = source.resource;
  const { sampledRoots, unsampledRoots } = intake.seen;
  const tiles: readonly (readonly [string, string, string, string])[] = [
    ['tracez', amount(ring.size), 'traces kept', counted(intake.seen.spans, 'span seen', 'spans seen')],
    ['tracez?show=errors', amount(errors.total), 'with errors', share(errors.total, ring.size)],
    [
      'tracez?show=running',
      amount(running.length),
      running.length === 1 ? 'span running' : 'spans running',
      running[0] ? `the oldest for ${age((now - running[0].start) / 1_000)}` : 'none',
    ],
    ['statsz', amount(source.views().length), 'views', 'read each 10 s'],
    ['traceconfigz', share(sampledRoots, sampledRoots + unsampledRoots), 'sampled', source.sampling.read().description],
  ];
  return {
    title: 'Overview',
    section: '',
    main: () => html`
<div class="head"><h1>${labels['service.name'] ?? 'Overview'}</h1>
<p class="quiet">watched for ${age(Date.now() - openedAt)}</p></div>
${part(() => verdictOf(source.health()))}
<ul class="tiles">${tiles.map(
      ([path, figure, what, more]) => html`
<li class="card"><a class="cover" href="${path}"><b>${figure}</b> ${what}</a><span
  class="quiet">${more}</span></li>`,
    )}</ul>
<div class="two">
${listHtml('Errors', 'errors', errors, 'No span has ended with an error so far.')}
${listHtml('Slowest', 'slowest', slowest, 'Nothing has ended yet.')}
</div>
${listHtml('Newest', 'newest', newest, 'Nothing has ended yet: spans appear here by themselves.')}
<details class="card resource"><summary>This process</summary><table class="pairs"><tbody>${
      type
        ? html`<tr>
<th scope="row">type</th><td>${type}</td></tr>`
        : null
    }${Object.keys(labels)
      .sort()
      .map((key) => html`<tr><th scope="row">${key}</th><td>${labels[key]}</td></tr>`)}</tbody></table></details>`,
    json: () => ({
      resource: source.resource,
      openedAt,
      seen: intake.seen,
      running: running.length,
      kept: { traces: ring.size, bytes: ring.bytes, sampleBytes: site.samples.bytes },
      errors: errors.rows,
      slowest: slowest.rows,
    }),
  };
}

function listHtml(title: string, list: ListName, { rows }: TraceList, empty: string): Html {
  return html`<section class="few"><h2><a href="${link('tracez', { show: list === 'newest' ? null : list })}">${title}</a></h2>${rows.length > 0 ? part(() => tableOf(rows)) : html`<div class="empty"><p>${empty}</p></div>`}</section>`;
}
