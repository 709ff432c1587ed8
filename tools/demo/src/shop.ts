import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type { Span } from '@oc/core';
import { authorize, Refusal, reserve, sellerOffers, sendMail } from './backends.ts';
import { chance } from './luck.ts';
import { queueOrder } from './shipping.ts';
import { latency, oc, price, revenue } from './telemetry.ts';
import { contextFrom } from './traceparent.ts';

const PRICES: Readonly<Record<string, number>> = { tea: 4.5, cup: 12, kettle: 39.9 };

// Bound handles: the tags are looked up once, not at each item sold.
const sales = new Map(Object.keys(PRICES).map((product) => [product, oc.stats.bind(price, { product })]));
const carts = new Map<string, string[]>();

interface Order {
  readonly customer: string;
  readonly product?: string;
}

const ROUTES: Readonly<Record<string, (request: IncomingMessage, span: Span) => Promise<unknown>>> = {
  'GET /products': products,
  'POST /cart': addToCart,
  'POST /checkout': checkout,
  'GET /health': async () => ({ open: true }),
};

/** Opens the shop; port 0 takes any that is free. */
export async function openShop(port: number): Promise<Server> {
  const server = createServer(answer).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Answers one request in a server span, below the caller's span when the request names one. */
function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const asked = `${request.method} ${request.url}`;
  const route = Object.hasOwn(ROUTES, asked) ? asked : 'other'; // few names and few rows, whatever is asked
  const attributes = { 'url.path': request.url };
  const parent = contextFrom(request.headers.traceparent);
  // Tags of the context: `record` adds them wherever it is called below here.
  return oc.stats.withTags({ channel: String(request.headers['x-channel'] ?? 'web') }, () =>
    oc.tracer.span(route, { kind: 'server', parent, attributes }, async (span) => {
      const started = performance.now();
      const { status, body } = await outcomeOf(route, request, span);
      span.setAttribute('http.response.status_code', status);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      oc.stats.record([[latency, performance.now() - started]], { route, status });
    }),
  );
}

async function outcomeOf(
  route: string,
  request: IncomingMessage,
  span: Span,
): Promise<{ status: number; body: unknown }> {
  try {
    const handler = ROUTES[route];
    if (!handler) throw new Refusal(404, 'NOT_FOUND', 'the shop has no such page');
    return { status: 200, body: await handler(request, span) };
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal(500, 'INTERNAL', 'something broke');
    span.recordError(error).setStatus(refusal.code, refusal.message);
    return { status: refusal.httpStatus, body: { error: refusal.message } };
  }
}

async function products(_request: IncomingMessage, span: Span): Promise<unknown> {
  if (chance(0.2)) {
    span.annotate('cache miss', { 'cache.key': 'products' });
    await pause(40);
    await sellerOffers(['north', 'south', 'east', 'west', 'overseas']);
  }
  return PRICES;
}

async function addToCart(request: IncomingMessage, span: Span): Promise<unknown> {
  const { customer, product = '' } = (await json(request)) as Order;
  if (!Object.hasOwn(PRICES, product)) throw new Refusal(400, 'INVALID_ARGUMENT', 'there is no such product');
  const items = [...(carts.get(customer) ?? []), product];
  carts.set(customer, items);
  span.setAttributes({ product, 'cart.items': items.length });
  return { items };
}

async function checkout(request: IncomingMessage, span: Span): Promise<unknown> {
  const { customer } = (await json(request)) as Order;
  const items = carts.get(customer);
  if (!items) throw new Refusal(400, 'INVALID_ARGUMENT', 'the cart is empty');
  carts.delete(customer);
  const euros = items.reduce((total, product) => total + (PRICES[product] ?? 0), 0);
  span.setAttributes({ 'order.items': items, 'order.euros': euros });

  // Side by side, and the current span is the parent of each.
  const answers = await Promise.allSettled([reserve(items.length), authorize(euros)]);
  const no = answers.find((answer) => answer.status === 'rejected');
  if (no) throw no.reason;

  for (const product of items) sales.get(product)?.record(PRICES[product] ?? 0);
  oc.stats.record([[revenue, euros]]);
  queueOrder();
  await sendMail('thank-you').catch(() => {
    span.annotate('shipped without a mail');
    // A bug, on purpose: nobody ends this span. The page Traces shows under 'Running now' what such a leak looks like.
    oc.tracer.startSpan('mail retry', { attributes: { 'mail.template': 'thank-you' } });
  });
  return { paid: euros };
}
