import { setTimeout as pause } from 'node:timers/promises';
import type { SpanContext } from '@oc/core';
import { between } from './luck.ts';
import { oc, waiting } from './telemetry.ts';

const SHIP_EVERY_MS = 5_000;

/** Orders that wait, each as the context of the span that sent it. */
let queue: SpanContext[] = [];

// Read when metrics are collected, and only then.
oc.stats.observe(waiting, () => queue.length);

/** How many orders wait. */
export function ordersWaiting(): number {
  return queue.length;
}

/** Hands an order over to shipping, which happens later and in another trace. */
export function queueOrder(): void {
  oc.tracer.span('orders send', { kind: 'producer' }, (span) => {
    queue.push(span.context);
  });
}

/** Ships all that wait as one batch: one span, with a link to each order's. */
async function ship(): Promise<void> {
  if (queue.length === 0) return;
  const batch = queue;
  queue = [];
  const links = batch.map((context) => ({ context, type: 'parent' }) as const);
  await oc.tracer.span('orders ship', { kind: 'consumer', parent: null, links }, async (span) => {
    span.setAttribute('messaging.batch.message_count', batch.length);
    await pause(between(20, 40) * batch.length);
  });
}

/** Ships every few seconds; the function returned ends that, and resolves when the rest is shipped too. */
export function startShipping(): () => Promise<void> {
  let shipped = Promise.resolve();
  const timer = setInterval(() => {
    shipped = shipped.then(ship);
  }, SHIP_EVERY_MS);
  return () => {
    clearInterval(timer);
    return shipped.then(ship);
  };
}
