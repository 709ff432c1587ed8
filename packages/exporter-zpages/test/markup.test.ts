import { count, measure, view } from '@oc/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chromium } from '../../../tools/receivers/chromium.ts';
import { receiving } from '../../../tools/receivers/receiving.ts';
import { html, textOf } from '../src/html.ts';
import { pageAt } from './browser.ts';
import { opened } from './site.ts';

const browser = receiving(chromium);

describe('in Chromium', () => {
  it('what a browser reads out of a template is what was put in', async () => {
    const page = await pageAt(browser().context, (await opened()).url);
    const texts = fc.sample(
      fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...'<>&"\'/=` a!-') })),
      500,
    );
    // Controls and marks of direction are shown as escapes; a line break in HTML is a line feed.
    const given = texts
      .map((text) => text.toWellFormed())
      .filter((text) => !/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u.test(text));
    const pages = given.map((text) => textOf(html`<p title="${text}">${text}</p>`));
    const read = await page.evaluate(
      `(${(pages: string[]) => {
        const Parser = (
          globalThis as unknown as {
            DOMParser: new () => {
              parseFromString(
                text: string,
                type: string,
              ): { querySelectorAll(selector: string): ArrayLike<{ title: string; textContent: string }> };
            };
          }
        ).DOMParser;
        return pages.map((text) =>
          Array.from(new Parser().parseFromString(text, 'text/html').querySelectorAll('*'))
            .slice(3)
            .map(({ title, textContent }) => [title, textContent]),
        );
      }})(${JSON.stringify(pages)})`,
    );
    expect(given.length).toBeGreaterThan(200);
    expect(read).toEqual(given.map((text) => [[text, text]]));
  });

  it('script in names, attributes, tags and view names stays text', async () => {
    const attack = `"><img src=x onerror="alert(1)"><script>alert(2)</script>'`;
    const hostile = measure({ name: attack, description: attack, unit: attack });
    const site = await opened(
      {},
      {
        service: attack,
        labels: { [attack]: attack },
        views: [view({ measure: hostile, aggregation: count(), tagKeys: [attack] })],
      },
    );
    const span = site.oc.tracer.startSpan(attack, { attributes: { [attack]: attack } });
    span
      .annotate(attack, { [attack]: attack })
      .setStatus('UNKNOWN', attack)
      .end();
    site.oc.stats.record([[hostile, 1]], { [attack]: attack });
    const paths = [
      '',
      'tracez',
      `tracez?q=${encodeURIComponent(attack)}`,
      `tracez?traceid=${span.context.traceId}`,
      'tracez?show=names',
      'statsz',
      `statsz?path=${encodeURIComponent(attack)}`,
      'exporterz',
      'traceconfigz',
    ];
    const page = await pageAt(browser().context, site.url);
    for (const path of paths) {
      await page.goto(site.url + path);
      await page.locator('#live[data-state=live]').waitFor();
      expect([path, await page.title()]).toEqual([path, expect.stringContaining(attack)]);
      expect([path, await page.locator('img, script:not([src])').count()]).toEqual([path, 0]);
    }
  });
});
