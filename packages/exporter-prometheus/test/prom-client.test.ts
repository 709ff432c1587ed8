import { telemetry } from '@oc/core';
import { Counter, Gauge, Histogram, Registry, Summary } from 'prom-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { exposition } from '../src/exposition.ts';
import { prometheus } from '../src/index.ts';
import { ask } from './client.ts';
import { samplesOf } from './page-reader.ts';
import { numbers, pageOf, sourceOf, withoutOwn } from './rendering.ts';

describe("a user's own metrics on our page", () => {
  function registryOfAll(): Registry {
    const registers = [new Registry()];
    const [registry] = registers as [Registry];
    registry.setDefaultLabels({ app: 'web' });
    new Counter({ name: 'jobs_total', help: 'jobs "done"', labelNames: ['kind'], registers }).inc(
      { kind: 'a\n"b"' },
      3,
    );
    new Counter({ name: 'hits', help: 'hits', registers }).inc(2);
    new Gauge({ name: 'load', help: 'load', registers }).set(Number.NaN);
    new Histogram({ name: 'wait', help: 'wait', buckets: [-1, 0.5, 1_000_000], labelNames: ['q'], registers }).observe(
      { q: 'x' },
      -2,
    );
    new Summary({ name: 'size', help: 'size', percentiles: [0.5], registers }).observe(4);
    return registry;
  }

  it('keep their names, labels and the form of their bounds', async () => {
    expect(withoutOwn(await pageOf({ include: registryOfAll(), constLabels: { region: 'eu', app: 'ours' } }))).toEqual([
      '# HELP jobs_total jobs "done"',
      '# TYPE jobs_total counter',
      'jobs_total{app="web",kind="a\\n\\"b\\"",region="eu"} 3',
      '# HELP hits hits',
      '# TYPE hits counter',
      'hits{app="web",region="eu"} 2',
      '# HELP load load',
      '# TYPE load gauge',
      'load{app="web",region="eu"} NaN',
      '# HELP wait wait',
      '# TYPE wait histogram',
      'wait_bucket{app="web",q="x",le="-1",region="eu"} 1',
      'wait_bucket{app="web",q="x",le="0.5",region="eu"} 1',
      'wait_bucket{app="web",q="x",le="1000000",region="eu"} 1',
      'wait_bucket{app="web",q="x",le="+Inf",region="eu"} 1',
      'wait_sum{app="web",q="x",region="eu"} -2',
      'wait_count{app="web",q="x",region="eu"} 1',
      '# HELP size size',
      '# TYPE size summary',
      'size{app="web",quantile="0.5",region="eu"} 4',
      'size_sum{app="web",region="eu"} 4',
      'size_count{app="web",region="eu"} 1',
    ]);
  });

  it('obey OpenMetrics, with the names that they have in text', async () => {
    const lines = withoutOwn(await pageOf({ include: registryOfAll() }, 'openmetrics'));
    expect(lines.filter((line) => /^(# TYPE|jobs|hits|wait_sum)/.test(line))).toEqual([
      '# TYPE jobs counter',
      'jobs_total{app="web",kind="a\\n\\"b\\""} 3',
      '# TYPE hits unknown',
      'hits{app="web"} 2',
      '# TYPE load gauge',
      '# TYPE wait histogram', // without a sum, which OpenMetrics forbids beside bounds below 0
      '# TYPE size summary',
    ]);
  });

  it('come before our views, which give way to their names', async () => {
    const source = sourceOf([numbers('hits', [], [[[], 5]])]);
    expect(withoutOwn(await pageOf({ include: registryOfAll() }, 'text', source))).toContain('hits_2_total 5');
  });

  it('never twice: not what we put into the registry, not the default metrics that are there', async () => {
    const registry = new Registry();
    const twice = samplesOf(await pageOf({ include: registry, registry }));
    expect(twice.map(({ name }) => name)).toEqual(['target_info', 'oc_exporter_scrape_errors_total']);
    const { collectDefaultMetrics } = await import('prom-client');
    collectDefaultMetrics({ register: registry });
    const names = samplesOf(await pageOf({ include: registry, defaultMetrics: true }))
      .filter(({ name }) => name === 'process_cpu_seconds_total')
      .map(({ name }) => name);
    expect(names).toEqual(['process_cpu_seconds_total']);
  });

  it('P4 one that throws, rejects or never answers is left out, counted and told; it is waited for once', async () => {
    const registry = new Registry();
    const registers = [registry];
    let asked = 0;
    new Gauge({ name: 'fine', help: 'fine', registers }).set(1);
    new Gauge({
      name: 'throws',
      help: 'throws',
      registers,
      collect() {
        throw new Error('no disk');
      },
    });
    new Gauge({
      name: 'never',
      help: 'never',
      registers,
      collect() {
        asked++;
        return new Promise<void>(() => {});
      },
    });
    const warnings: string[] = [];
    const shown = await exposition(sourceOf([], { warnings }), {
      prefix: '',
      constLabels: {},
      legacyNames: false,
      appendTimestamp: false,
      registry: undefined,
      include: registry,
      defaultMetrics: false,
    });
    const read = async (): Promise<readonly unknown[]> => {
      const chunks: Buffer[] = [];
      for await (const chunk of await shown.page('text', 20)) chunks.push(chunk);
      return samplesOf(`${Buffer.concat(chunks)}`).filter(({ name }) => name !== 'target_info');
    };
    const errors = (value: string): unknown => ({ name: 'oc_exporter_scrape_errors_total', labels: {}, value });
    const fine = { name: 'fine', labels: {}, value: '1' };
    expect(await read()).toEqual([errors('2'), fine]);
    expect(await read()).toEqual([errors('4'), fine]);
    expect(asked).toBe(1);
    expect(warnings).toEqual(["'throws' was left out: no disk", "'never' was left out: it took too long"]);
  });
});

it('default metrics of the process are there by option', async () => {
  const exporter = prometheus({ port: 0, defaultMetrics: true });
  const oc = telemetry({ exporters: [exporter] });
  onTestFinished(async () => void (await oc.shutdown()));
  await oc.ready;
  const names = new Set(samplesOf(`${(await ask(exporter.address)).body}`).map(({ name }) => name));
  expect([...names]).toEqual(
    expect.arrayContaining(['process_cpu_seconds_total', 'nodejs_heap_size_used_bytes', 'nodejs_version_info']),
  );
});
