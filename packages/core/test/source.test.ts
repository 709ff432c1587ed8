import { type Problem, telemetry } from '@oc/core';
import type { Exporter } from '@oc/core/exporter';
import { expect, it, onTestFinished } from 'vitest';

it('an exporter that is read and cannot start has failed, and `ready` says why', async () => {
  const problems: Problem[] = [];
  const pages: Exporter = {
    name: 'pages',
    start: () => Promise.reject(new Error('cannot listen EADDRINUSE')),
  };
  const oc = telemetry({ exporters: [pages], onError: (problem) => problems.push(problem), flushOn: [] });
  onTestFinished(async () => void (await oc.shutdown()));
  const failed = { state: 'failed', lastError: { message: 'cannot listen EADDRINUSE', at: expect.any(Number) } };
  expect(await oc.ready).toMatchObject([{ name: 'pages', spans: failed, metrics: failed }]);
  expect(problems).toMatchObject([
    { exporter: 'pages', severity: 'error', message: 'pages: did not start: cannot listen EADDRINUSE' },
  ]);
});

it('an exporter that is read tells what went wrong as its own warning', async () => {
  const problems: Problem[] = [];
  const pages: Exporter = {
    name: 'pages',
    start: (source) => source.warn("'latency' was left out:\nit took too long"),
  };
  const oc = telemetry({ exporters: [pages, pages], onError: (problem) => problems.push(problem), flushOn: [] });
  onTestFinished(async () => void (await oc.shutdown()));
  await oc.ready;
  expect(problems.map(({ exporter, severity, message }) => [exporter, severity, message])).toEqual([
    ['pages', 'warning', "pages: 'latency' was left out: it took too long"],
    ['pages-2', 'warning', "pages-2: 'latency' was left out: it took too long"],
  ]);
});
