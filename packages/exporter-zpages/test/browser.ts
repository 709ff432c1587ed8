import { count, distribution, measure, neverSample, type View, view } from '@oc/core';
import type { BrowserContext, Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import type { Opened } from './site.ts';

/** A page that must not complain: of a script that throws, of a policy that is broken, of a dialog. */
export async function pageAt(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  onTestFinished(async () => {
    await page.close();
    expect(complaints).toEqual([]);
  });
  await page.goto(url);
  return page;
}

const latency = measure({ name: 'shop/latency', unit: 'ms', description: 'time to answer' });
/** A distribution and a count, by route. */
export const views: readonly View[] = [
  view({ measure: latency, aggregation: distribution([10, 50, 100]), tagKeys: ['route'] }),
  view({ name: 'shop/requests', measure: latency, aggregation: count(), tagKeys: ['route'] }),
];

/** Something of everything. */
export function recordDay({ oc }: Opened): { readonly traceId: string; readonly spanId: string } {
  const start = Date.now() - 5_000;
  for (let at = 0; at < 20; at++) {
    const root = oc.tracer.startSpan('GET /cart', { kind: 'server', parent: null, start: start + at * 100 });
    const child = oc.tracer.startSpan('SELECT carts', { parent: root, kind: 'client', start: start + at * 100 + 1 });
    child.annotate('no free connection', { 'pool.size': 8 }).end(start + at * 100 + 8);
    if (at % 5 === 0) root.recordError(new Error('it broke')).setStatus('INTERNAL', 'it broke');
    root.setAttribute('customer', `c${at}`).end(start + at * 100 + 10 + at);
    oc.stats.record([[latency, at * 7]], { route: at % 2 ? '/cart' : '/order' });
  }
  oc.tracer.startSpan('left out', { parent: null, sampler: neverSample() }).end();
  oc.tracer.startSpan('never ended', { parent: null, start });
  const root = oc.tracer.startSpan('POST /order', { kind: 'server', parent: null, start, attributes: { vip: true } });
  const child = oc.tracer.startSpan('charge', { parent: root, kind: 'client', start: start + 20 });
  child
    .setAttribute('card', 'visa')
    .setStatus('FAILED_PRECONDITION', 'declined')
    .end(start + 90);
  root.end(start + 120);
  return { traceId: root.context.traceId, spanId: child.context.spanId };
}
