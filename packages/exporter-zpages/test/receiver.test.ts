import { ExportError, type Exporter } from '@oc/core/exporter';
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { chromium } from '../../../tools/receivers/chromium.ts';
import { receiving } from '../../../tools/receivers/receiving.ts';
import { pageAt, recordDay, views } from './browser.ts';
import { opened } from './site.ts';

const browser = receiving(chromium);

/** True as long as the document was not loaded anew. */
const mark = (page: Page): Promise<unknown> => page.evaluate('window.marked = true');
const isMarked = (page: Page): Promise<unknown> => page.evaluate('window.marked === true');

describe('in Chromium', () => {
  it('a new trace appears without reloading, and one that runs grows until it ends', async () => {
    const { oc, url } = await opened();
    const page = await pageAt(browser().context, `${url}tracez`);
    await mark(page);
    await page.getByText('No traces yet.').waitFor();
    const span = oc.tracer.startSpan('GET /cart', { parent: null });
    const row = page.getByRole('row', { name: 'GET /cart' });
    await row.getByText('running').waitFor();
    const first = await row.locator('.num').last().textContent();
    await expect.poll(() => row.locator('.num').last().textContent(), { timeout: 10_000 }).not.toBe(first);
    span.end();
    await row.getByText('running').waitFor({ state: 'detached' });
    expect(await isMarked(page)).toBe(true);
  });

  it('a search finds while one types, and is part of the address', async () => {
    const site = await opened();
    recordDay(site);
    const page = await pageAt(browser().context, `${site.url}tracez`);
    await mark(page);
    await page.keyboard.press('/');
    await page.keyboard.type('customer=c7');
    await expect.poll(() => page.getByRole('row').count()).toBe(2);
    expect([await isMarked(page), new URL(page.url()).searchParams.get('q')]).toEqual([true, 'customer=c7']);
    await page.reload();
    expect([await page.getByRole('row').count(), await page.getByRole('searchbox').inputValue()]).toEqual([
      2,
      'customer=c7',
    ]);
  });

  it('a span of the waterfall opens beside it, by mouse and by keys, under an address of its own', async () => {
    const site = await opened();
    const { traceId, spanId } = recordDay(site);
    const page = await pageAt(browser().context, `${site.url}tracez`);
    await page.getByRole('link', { name: 'POST /order' }).first().click();
    await page.waitForURL(`**/tracez?traceid=${traceId}`);
    await mark(page);
    const panel = page.getByRole('complementary');
    await panel.getByRole('heading', { name: 'POST /order' }).waitFor();
    await page.getByRole('link', { name: 'client charge' }).click();
    await panel.getByText('FAILED_PRECONDITION').waitFor();
    expect([await isMarked(page), new URL(page.url()).searchParams.get('spanid')]).toEqual([true, spanId]);
    await page.keyboard.press('k');
    await panel.getByRole('heading', { name: 'POST /order' }).waitFor();
    await page.goBack();
    await panel.getByText('visa').waitFor();
    await page.reload();
    await panel.getByText('declined').waitFor();
    await panel.getByRole('link', { name: 'visa' }).click();
    await expect.poll(() => page.getByRole('row', { name: 'POST /order' }).count()).toBe(1);
  });

  it('a distribution is a chart with its quantiles, in figures too', async () => {
    const site = await opened({}, { views });
    recordDay(site);
    const page = await pageAt(browser().context, `${site.url}statsz?path=shop/latency`);
    const chart = page.getByRole('img', {
      name: /^20 measurements in 4 buckets: p50 [\d.]+ ms, p95 [\d.]+ ms, p99 [\d.]+ ms$/,
    });
    expect(await chart.locator('.bucket').count()).toBe(4);
    await page.getByRole('link', { name: '/order' }).click();
    await page.getByRole('img', { name: /^10 measurements/ }).waitFor();
  });

  it('an exporter that fails is seen on every page at once, and seen to recover', async () => {
    let isDown = true;
    const flaky: Exporter = {
      name: 'flaky',
      async exportSpans() {
        if (isDown) throw new ExportError('unavailable', 'flaky: nobody answers');
      },
    };
    const { oc, url } = await opened({}, { exporters: [flaky], onError: () => {} });
    const page = await pageAt(browser().context, `${url}exporterz`);
    await page.getByText('Nothing is lost.').waitFor();
    oc.tracer.span('x', () => {});
    void oc.flush({ withinMs: 20_000 });
    await page.getByText('retrying').waitFor();
    await page.getByText('flaky: nobody answers').waitFor();
    await page.getByRole('navigation').getByText(', 1 in trouble').waitFor({ state: 'attached' });
    isDown = false;
    await page.getByText('Nothing is lost.').waitFor();
    await page.locator('.figures .good dd', { hasText: /^1$/ }).waitFor();
  });

  it('the sampler is changed by its form, as the browser sends it', async () => {
    const { oc, url } = await opened({ allowConfigChange: true });
    const page = await pageAt(browser().context, `${url}traceconfigz`);
    await page.getByLabel('No trace').check();
    await page.getByRole('button', { name: 'Change' }).click();
    await page.getByRole('status').waitFor();
    expect(oc.tracer.startSpan('x').context.sampled).toBe(false);
  });

  it('updates stop while nobody looks', async () => {
    const { url } = await opened();
    const page = await browser().context.newPage();
    onTestFinished(() => page.close());
    await page.goto(url);
    await page.locator('#live[data-state=live]').waitFor();
    const ended = page.waitForEvent('requestfailed', (request) => request.url().includes('format=events'));
    await page.evaluate(
      "Object.defineProperty(document, 'hidden', { value: true }); document.dispatchEvent(new Event('visibilitychange'))",
    );
    await ended;
  });
});
