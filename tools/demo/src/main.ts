import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { sendCustomers, traffic } from './customers.ts';
import { startPolling } from './polling.ts';
import { healthTable } from './report.ts';
import { ordersWaiting, startShipping } from './shipping.ts';
import { openShop } from './shop.ts';
import { oc, pages } from './telemetry.ts';

const REPORT_EVERY_MS = 10_000;

const server = await openShop(Number(process.env.PORT ?? 0));
const shop = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

await oc.ready;
console.log(
  pages.address
    ? `See what the shop does, live in your browser:  http://localhost:${pages.address.port}/`
    : 'The pages that show it need another port:  ZPAGES_PORT=0 npm start',
);
console.log(`The shop is open at ${shop}; be a customer:  curl ${shop}/products`);
console.log(
  oc.health().some(({ name }) => name === 'zipkin')
    ? 'Its traces go to Zipkin too; look at them there.'
    : 'To see its traces in a Zipkin, start it like this:  ZIPKIN=http://localhost:9411 npm start',
);
console.log('Ctrl-C closes it. One line for each span as it ends, and the metrics every 15 seconds:\n');

const closing = new AbortController();
const customers = sendCustomers(shop, closing.signal);
const stopShipping = startShipping();
const stopPolling = startPolling(shop);
const started = performance.now();
const reports = setInterval(() => report(), REPORT_EVERY_MS);

function report(health = oc.health()): void {
  const seconds = Math.round((performance.now() - started) / 1_000);
  const { requests, orders, failures } = traffic;
  console.log(
    `\nAfter ${seconds} s: ${requests} requests, ${failures} failed, ${orders} orders, ${ordersWaiting()} to be shipped`,
  );
  console.log(`${healthTable(health)}\n`);
}

// The listeners stay, since npm may hand a Ctrl-C on a second time; closing takes a few seconds at most.
await new Promise((resolve) => process.on('SIGINT', resolve).on('SIGTERM', resolve));
console.log('\nThe shop closes: customers leave, the last orders are shipped, telemetry is flushed.');
clearInterval(reports);
closing.abort();
stopPolling();
await customers;
await stopShipping();
server.close();
await once(server, 'close');
report(await oc.shutdown());
