import { setTimeout as sleep } from 'node:timers/promises';
import { between, chance } from './luck.ts';
import { oc } from './telemetry.ts';
import { traceparentOf } from './traceparent.ts';

/** What the customers have lived through so far. */
export const traffic = { requests: 0, orders: 0, failures: 0 };

/** Sends customers through two channels, one after the other in each, until `closing` says that the day is over. */
export async function sendCustomers(shop: string, closing: AbortSignal): Promise<void> {
  // A pause that ends early, without an error, when the shop closes.
  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal: closing }).catch(() => {});

  async function visits(channel: string): Promise<void> {
    for (let visit = 1; !closing.aborted; visit++) {
      for (const wish of wishes()) {
        if (closing.aborted) return;
        await ask(shop, channel, `${channel}-${visit}`, wish);
        await pause(between(600, 1_600));
      }
    }
  }
  await Promise.all(['web', 'app'].map(visits));
}

type Wish = readonly [method: 'GET' | 'POST', path: string, product?: string];

/** All look, most take something, some pay. */
function* wishes(): Generator<Wish> {
  yield ['GET', '/products'];
  if (chance(0.2)) return;
  yield ['POST', '/cart', chance(0.5) ? 'tea' : 'kettle'];
  if (chance(0.3)) yield ['POST', '/cart', 'cup'];
  if (chance(0.7)) yield ['POST', '/checkout'];
}

/** One request in a client span, whose context travels in the traceparent header. */
async function ask(shop: string, channel: string, customer: string, [method, path, product]: Wish): Promise<void> {
  const body = method === 'POST' ? JSON.stringify({ customer, product }) : null;
  const request = oc.tracer.span(`${method} ${path}`, { kind: 'client', attributes: { customer } }, async (span) => {
    if (body) span.messageEvent({ type: 'sent', id: 1, uncompressedBytes: Buffer.byteLength(body) });
    const headers = { traceparent: traceparentOf(span.context), 'x-channel': channel };
    const response = await fetch(shop + path, { method, headers, body });
    const answer = await response.text();
    span.messageEvent({ type: 'received', id: 1, uncompressedBytes: Buffer.byteLength(answer) });
    span.setAttribute('http.response.status_code', response.status);
    if (!response.ok) span.setStatus('UNKNOWN', `answered ${response.status}`);
    return response.ok;
  });
  const isDone = await request.catch(() => false); // the span holds the error
  traffic.requests++;
  if (!isDone) traffic.failures++;
  else if (path === '/checkout') traffic.orders++;
}
