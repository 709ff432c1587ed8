import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { chromium } from '../../../tools/receivers/chromium.ts';
import { receiving } from '../../../tools/receivers/receiving.ts';
import { pageAt, recordDay, views } from './browser.ts';
import { opened } from './site.ts';

const browser = receiving(chromium);
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8');
const WIDTHS = [400, 1_280];
const SCHEMES = ['light', 'dark'] as const;

async function scriptOff(page: Page): Promise<void> {
  const session = await browser().context.newCDPSession(page);
  await session.send('Emulation.setScriptExecutionDisabled', { value: true });
}

describe('in Chromium', () => {
  it('all pages can be read with script turned off, and lead to each other', async () => {
    const site = await opened({}, { views });
    const { traceId } = recordDay(site);
    const page = await pageAt(browser().context, 'about:blank');
    await scriptOff(page);
    await page.goto(site.url);
    await page.getByRole('link', { name: 'Traces' }).first().click();
    await page.getByRole('searchbox').fill('declined');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('link', { name: 'POST /order' }).first().click();
    await page.waitForURL(`**/tracez?traceid=${traceId}`);
    await page.getByRole('link', { name: 'client charge' }).click();
    await page.getByRole('complementary').getByText('FAILED_PRECONDITION').waitFor();
    await page.getByRole('link', { name: 'Stats' }).click();
    await page.getByRole('link', { name: 'latency' }).click();
    await page.getByRole('img', { name: /^20 measurements/ }).waitFor();
  });

  it.each(SCHEMES)(
    'axe finds nothing serious in %s, and nothing is wider than the window',
    async (colorScheme) => {
      const site = await opened({ allowConfigChange: true }, { views });
      const { traceId } = recordDay(site);
      const paths = [
        '',
        'tracez',
        'tracez?show=running',
        'tracez?q=nothing',
        `tracez?traceid=${traceId}`,
        'tracez?zspanname=GET%20%2Fcart&ztype=2&zsubtype=0',
        'statsz',
        'statsz?path=shop/latency',
        'statsz?path=shop/requests',
        'rpcz',
        'exporterz',
        'traceconfigz',
      ];
      const page = await pageAt(browser().context, site.url);
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 860 });
        for (const path of paths) {
          await page.goto(site.url + path);
          await page.evaluate(AXE);
          const found = await page.evaluate(
            "axe.run().then(({ violations }) => violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => [id, nodes[0].html, nodes[0].failureSummary]))",
          );
          const beyond = await page.evaluate(
            'document.documentElement.scrollWidth - document.documentElement.clientWidth',
          );
          expect({ path, width, found, beyond }).toEqual({ path, width, found: [], beyond: 0 });
        }
      }
    },
    90_000,
  );
});
