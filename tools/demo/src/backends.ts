import { setTimeout as pause } from 'node:timers/promises';
import type { StatusCode } from '@oc/core';
import { between, chance } from './luck.ts';
import { recordRpc } from './rpcs.ts';
import { oc } from './telemetry.ts';

/** A 'no' that the customer is told. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly httpStatus: number;
  readonly code: StatusCode;

  constructor(httpStatus: number, code: StatusCode, message: string) {
    super(message);
    this.httpStatus = httpStatus;
    this.code = code;
  }
}

/** Puts items aside in the warehouse, which is sometimes overloaded. */
export function reserve(items: number): Promise<void> {
  return call('stock', 'stock reserve', { 'stock.items': items }, 15, () => {
    if (chance(0.04)) throw new Refusal(503, 'UNAVAILABLE', 'the warehouse does not answer');
  });
}

/** Asks the bank for the money, which may say no. */
export function authorize(euros: number): Promise<void> {
  return call('payment', 'payment authorize', { 'payment.euros': euros, 'payment.card': 'visa' }, 60, () => {
    if (chance(0.1)) throw new Refusal(402, 'FAILED_PRECONDITION', 'the card was declined');
  });
}

/** Writes to the customer. */
export function sendMail(template: string): Promise<void> {
  return call('mail', 'mail send', { 'mail.template': template }, 10, () => {
    if (chance(0.05)) throw new Error('451 try again later');
  });
}

/** Asks all sellers side by side what they offer. */
export async function sellerOffers(sellers: readonly string[]): Promise<void> {
  await Promise.all(sellers.map((seller) => call(seller, 'offers list', { 'offers.seller': seller }, 30, () => {})));
}

/**
 * Stands for a call over the network: a client span that takes its time, far more now and then. What `outcome` throws
 * is recorded by `tracer.span`, which ends the span and lets the error go on.
 */
function call(
  service: string,
  name: string,
  attributes: Record<string, unknown>,
  typicalMs: number,
  outcome: () => void,
): Promise<void> {
  const options = { kind: 'client', attributes: { 'peer.service': service, ...attributes } } as const;
  return oc.tracer.span(name, options, async (span) => {
    const started = performance.now();
    const ended = (status: StatusCode): void =>
      recordRpc(oc.stats, `shop.${service}/${name.split(' ').at(-1)}`, status, performance.now() - started);
    if (chance(0.1)) {
      span.annotate('no free connection', { 'pool.size': 8 });
      await pause(between(200, 600));
    }
    await pause(typicalMs * between(0.5, 1.5));
    try {
      outcome();
      ended('OK');
    } catch (error) {
      if (error instanceof Refusal) span.setStatus(error.code, error.message);
      ended(error instanceof Refusal ? error.code : 'UNKNOWN');
      throw error;
    }
  });
}
