import { lastValue, measure, view } from '@oc/core';
import { holds, same } from '../../claim.ts';
import { MARKUP } from '../../hostile.ts';
import type { Lab } from '../../lab.ts';
import type { Row } from '../../row.ts';
import type { ReadAnswer } from '../../servers/reader.ts';
import type { Subject } from '../../subject.ts';

const MOST_LINKS = 80;

/** Whether hostile texts come on pages, as names and values of all kinds. */
function recordMarkup({ oc }: Subject): void {
  const shown = measure({ name: 'testkit/shown', description: MARKUP.join(' '), unit: '"><b>' });
  oc.stats.register(
    view({ name: '<b>testkit</b>/"shown"', measure: shown, aggregation: lastValue(), tagKeys: ['<i>key</i>'] }),
  );
  for (const [at, text] of MARKUP.entries()) {
    const attributes = { [text]: text, list: [text] };
    const span = oc.tracer.startSpan(text, { parent: null, attributes });
    span.annotate(text, attributes);
    span.recordError(new Error(text));
    span.setStatus('UNAVAILABLE', text);
    if (at % 2 === 0) span.end(); // others are still running
    oc.tracer.startSpan(text, { parent: null, attributes }).end();
    oc.stats.record([[shown, at]], { '<i>key</i>': text });
  }
}

/** A page and all that its links lead to. */
async function reachable(
  lab: Lab,
  subject: Subject,
  page: string,
): Promise<readonly (readonly [string, ReadAnswer])[]> {
  const base = 'http://localhost';
  const first = await lab.read(subject, page);
  const links = [...first.body.matchAll(/\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/g)].map(([, ...href]) =>
    (href.find((each) => each !== undefined) ?? '')
      .replaceAll('&amp;', '&')
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'"),
  );
  const bad = links.filter((link) => new URL(link, base + page).protocol !== 'http:');
  same(`${page}: links that are no pages`, bad, []);
  const inside = [...new Set(links.map((link) => new URL(link, base + page)).filter(({ origin }) => origin === base))];
  const paths = [...new Set(inside.map(({ pathname, search }) => pathname + search))].slice(0, MOST_LINKS);
  const answers = await Promise.all(paths.map(async (path) => [path, await lab.read(subject, path)] as const));
  return [[page, first], ...answers];
}

/** The tags of a page, without what is in quotes. */
function tagsIn(html: string): readonly string[] {
  const tags = html.match(/<[a-z!/](?:"[^"]*"|'[^']*'|[^'">])*>/gi) ?? [];
  return tags.map((tag) => tag.replaceAll(/"[^"]*"|'[^']*'/g, '""'));
}

/** The row of pages for browsers. */
export const PULL_PAGES: readonly Row[] = [
  {
    id: 'V9',
    transport: 'pull',
    title:
      'markup in names, values, errors, tags: stays text on each page and behind its links; nothing inline may run',
    signals: 'first',
    applies: ({ receiver }) =>
      (receiver.transport === 'pull' && (receiver.pages ?? []).length > 0) || 'it shows no pages',
    async run(lab) {
      const subject = lab.open(await lab.backend());
      await subject.oc.ready;
      recordMarkup(subject);
      let isShown = false;
      for (const page of lab.reading.pages ?? []) {
        for (const [path, { status, headers, body }] of await reachable(lab, subject, page)) {
          same(`${path}: the status`, status, 200);
          same(`${path}: sniffing`, headers['x-content-type-options'], 'nosniff');
          const kind = String(headers['content-type']);
          if (!kind.startsWith('text/html')) continue;
          holds(`${path}: the type names its characters`, /charset=utf-8/i.test(kind), kind);
          const policy = String(headers['content-security-policy']);
          holds(
            `${path}: nothing may run that is not ours`,
            /(default|script)-src '(none|self)'/.test(policy) && !policy.includes('unsafe'),
            policy,
          );
          holds(
            `${path}: no other site may frame it`,
            /frame-ancestors 'none'/.test(policy) || headers['x-frame-options'] === 'DENY',
            policy,
          );
          same(
            `${path}: markup that is not text`,
            MARKUP.filter((text) => /[<>"']/.test(text) && body.includes(text)),
            [],
          );
          const tags = tagsIn(body);
          same(
            `${path}: handlers of events`,
            tags.filter((tag) => /\son\w+\s*=/i.test(tag)),
            [],
          );
          same(`${path}: scripts inside`, body.match(/<script(?![^>]*\ssrc=)[^>]*>\s*[^<\s][^<]*/gi) ?? [], []);
          same(
            `${path}: tags of hostile texts`,
            tags.filter((tag) => /^<\/?(b|i|img|svg)\b/i.test(tag) && body.includes(`${tag}hacked`)),
            [],
          );
          isShown ||= /(&lt;|&#60;|&#x3c;)img src=x onerror/i.test(body);
        }
      }
      holds('the texts are shown, as text', isShown);
    },
  },
];
