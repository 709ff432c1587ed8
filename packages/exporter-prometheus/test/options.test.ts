import { telemetry } from '@oc/core';
import { Registry } from 'prom-client';
import { expect, it, onTestFinished, vi } from 'vitest';
import { prometheus, pushgateway } from '../src/index.ts';

it('host and port come from the environment where code gives none', async () => {
  vi.stubEnv('OTEL_EXPORTER_PROMETHEUS_HOST', '127.0.0.2');
  vi.stubEnv('OTEL_EXPORTER_PROMETHEUS_PORT', '0');
  onTestFinished(() => void vi.unstubAllEnvs());
  const exporters = [prometheus(), prometheus({ host: '127.0.0.1' })] as const;
  const oc = telemetry({ exporters });
  onTestFinished(async () => void (await oc.shutdown()));
  await oc.ready;
  expect(exporters.map(({ address }) => address)).toEqual([
    { host: '127.0.0.2', port: expect.any(Number) },
    { host: '127.0.0.1', port: expect.any(Number) },
  ]);
});

it.each([
  [{ registry: {} }, "prometheus: 'registry' must be a Registry of prom-client, such as client.register"],
  [{ include: 'x' }, "prometheus: 'include' must be a Registry of prom-client, such as client.register"],
  [
    { registry: new Registry(), defaultMetrics: true },
    "prometheus: 'defaultMetrics' is for our own page; beside 'registry' use client.collectDefaultMetrics()",
  ],
  [{ endpoint: 'metrics', port: 65_536 }, /'port' must be .*; 'endpoint' must be a path that begins with '\/'/],
  [{ allowedHosts: ['shop.test:80'] }, /'allowedHosts' must be an array of host names without ports/],
  [{ constLabels: { a: 1 } }, /'constLabels' must be an object of label names and texts/],
  [{ colour: 'red' }, /there is no option 'colour'/],
])('%j is a ConfigError', (options, message) => {
  expect(() => prometheus(options as never)).toThrow(message);
});

it.each([
  [{ url: 'localhost:9091' }, /'url' must be an absolute URL/],
  [{ method: 'PATCH' }, /'method' must be one of 'PUT', 'POST'/],
  [{ grouping: { job: 'x' } }, /'grouping' has a name that is no label for a group/],
  [{ grouping: { 'a-b': 'x' } }, /'grouping' has a name that is no label for a group/],
  [{ grouping: { a: 7 } }, /'grouping' must give a well-formed text for 'a'/],
  [{ agent: {}, fetch: () => {} }, /'agent'.*'fetch'/],
])('%j is a ConfigError', (options, message) => {
  expect(() => pushgateway(options as never)).toThrow(message);
});
