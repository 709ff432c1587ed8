// A program that sends spans, is stopped and continued from outside, and sends again.
import { once } from 'node:events';
import { telemetry } from '@oc/core';
import { zipkin } from '@oc/exporter-zipkin';

const oc = telemetry({ exporters: [zipkin({ url: process.argv[2] })], flushOn: [] });
for (let i = 0; i < 10; i++) oc.tracer.startSpan('before').end();
await oc.flush();
process.send('sent');
await once(process, 'message');
for (let i = 0; i < 10; i++) oc.tracer.startSpan('after').end();
const asked = performance.now();
await oc.flush();
process.send(performance.now() - asked);
await oc.shutdown();
process.disconnect();
