import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';

const explicitBucketBoundaries = [5, 10, 25, 50, 75, 100, 250, 500, 750, 1000];

/** Collects when it is asked to. */
class Reader extends MetricReader {
  async onForceFlush() {}
  async onShutdown() {}
}

/** Its own limit of 2,000 series is raised to what the workload needs. */
function meterWith(series) {
  const reader = new Reader();
  const view = { instrumentName: '*', aggregationCardinalityLimit: series + 1 };
  const meter = new MeterProvider({ readers: [reader], views: [view] }).getMeter('bench');
  const collected = async () => (await reader.collect()).resourceMetrics;
  const seriesNow = async () => (await collected()).scopeMetrics[0].metrics[0].dataPoints.length;
  return { meter, collected, seriesNow };
}

function recorder(sets, record, series) {
  let at = 0;
  return {
    run() {
      const { method, route, status } = sets[at];
      record((at * 7) % 1100, { method, route, status });
      if (++at === sets.length) at = 0;
    },
    series,
  };
}

export function histogram(sets) {
  const { meter, seriesNow } = meterWith(sets.length);
  const instrument = meter.createHistogram('latency', { advice: { explicitBucketBoundaries } });
  return recorder(sets, (value, attributes) => instrument.record(value, attributes), seriesNow);
}

export function counter(sets) {
  const { meter, seriesNow } = meterWith(sets.length);
  const instrument = meter.createCounter('calls');
  return recorder(sets, (_, attributes) => instrument.add(1, attributes), seriesNow);
}

export async function histogramPage(sets) {
  const { meter, collected } = meterWith(sets.length);
  const instrument = meter.createHistogram('latency', { advice: { explicitBucketBoundaries } });
  for (const [at, tags] of sets.entries()) instrument.record((at * 7) % 1100, tags);
  const serializer = new PrometheusSerializer();
  return { render: async () => Buffer.from(serializer.serialize(await collected())).length };
}
