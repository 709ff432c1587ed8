import prom from 'prom-client';

const labelNames = ['method', 'route', 'status'];
const bounds = [5, 10, 25, 50, 75, 100, 250, 500, 750, 1000];

function histogramIn(registry) {
  return new prom.Histogram({ name: 'latency', help: 'latency', labelNames, buckets: bounds, registers: [registry] });
}

/** Series of a histogram: those of its buckets, sum and count together are one. */
async function seriesOf(metric, name) {
  const { values } = await metric.get();
  return values.filter(({ metricName }) => metricName === undefined || metricName === `${name}_count`).length;
}

function recorder(metric, name, sets, record) {
  let at = 0;
  return {
    run() {
      record(sets[at], (at * 7) % 1100);
      if (++at === sets.length) at = 0;
    },
    series: () => seriesOf(metric, name),
  };
}

export function histogram(sets) {
  const metric = histogramIn(new prom.Registry());
  return recorder(metric, 'latency', sets, ({ method, route, status }, value) =>
    metric.observe({ method, route, status }, value),
  );
}

export function boundHistogram(sets) {
  const metric = histogramIn(new prom.Registry());
  const handles = sets.map((tags) => metric.labels(tags));
  return recorder(metric, 'latency', handles, (handle, value) => handle.observe(value));
}

export function counter(sets) {
  const metric = new prom.Counter({ name: 'calls_total', help: 'calls', labelNames, registers: [new prom.Registry()] });
  return recorder(metric, 'calls_total', sets, ({ method, route, status }) => metric.inc({ method, route, status }));
}

export async function histogramPage(sets) {
  const registry = new prom.Registry();
  const metric = histogramIn(registry);
  for (const [at, tags] of sets.entries()) metric.observe(tags, (at * 7) % 1100);
  return { render: async () => Buffer.from(await registry.metrics()).length };
}
