import type { IncomingMessage, ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import {
  type Aggregation,
  count,
  distribution,
  type Measure,
  measure,
  type Telemetry,
  telemetry,
  view,
} from '@oc/core';
import type { Exporter, Source } from '@oc/core/exporter';
import { prometheus } from '@oc/exporter-prometheus';
import { BOUNDS, type PageTask, type StatsTask, type TagSet } from './task.ts';

interface Recorder {
  readonly oc: Telemetry;
  readonly latency: Measure;
  series(): Promise<number>;
}

/** A view with an exporter that is read from; its bound of 2,000 series is raised to what the workload needs. */
function recorder(aggregation: Aggregation, series: number, ...others: readonly Exporter[]): Recorder {
  const latency = measure({ name: 'latency', unit: 'ms' });
  let source: Source | undefined;
  const reader: Exporter = {
    name: 'reader',
    start(given) {
      source = given;
    },
  };
  const oc = telemetry({
    service: 'bench',
    exporters: [reader, ...others],
    views: [view({ measure: latency, aggregation, tagKeys: ['method', 'route', 'status'] })],
    limits: { seriesPerView: series },
  });
  return {
    oc,
    latency,
    series: async () => (await source?.metrics())?.[0]?.timeSeries.length ?? 0,
  };
}

function inTurn<T>(each: readonly T[], record: (item: T, value: number) => void): () => void {
  let at = 0;
  return () => {
    record(each[at] as T, (at * 7) % 1_100);
    if (++at === each.length) at = 0;
  };
}

export function histogram(sets: readonly TagSet[]): StatsTask {
  const { oc, latency, series } = recorder(distribution(BOUNDS), sets.length);
  const run = inTurn(sets, ({ method, route, status }, value) =>
    oc.stats.record([[latency, value]], { method, route, status }),
  );
  return { run, series };
}

export function boundHistogram(sets: readonly TagSet[]): StatsTask {
  const { oc, latency, series } = recorder(distribution(BOUNDS), sets.length);
  const handles = sets.map((tags) => oc.stats.bind(latency, { ...tags }));
  return { run: inTurn(handles, (handle, value) => handle.record(value)), series };
}

export function counter(sets: readonly TagSet[]): StatsTask {
  const { oc, latency, series } = recorder(count(), sets.length);
  const run = inTurn(sets, ({ method, route, status }) => oc.stats.record([[latency, 1]], { method, route, status }));
  return { run, series };
}

export async function histogramPage(sets: readonly TagSet[]): Promise<PageTask> {
  const exporter = prometheus({ startServer: false });
  const { oc, latency } = recorder(distribution(BOUNDS), sets.length, exporter);
  await oc.ready;
  const run = inTurn(sets, ({ method, route, status }, value) =>
    oc.stats.record([[latency, value]], { method, route, status }),
  );
  for (let i = 0; i < sets.length; i++) run();
  return {
    // Answers a request whose socket takes everything at once.
    render: () =>
      new Promise((resolve) => {
        let bytes = 0;
        const socket = new Writable({
          write(chunk: Buffer, _, done) {
            bytes += chunk.length;
            done();
          },
        });
        const response = Object.assign(socket, { writeHead: () => response });
        socket.on('finish', () => resolve(bytes));
        exporter.handler({ method: 'GET', headers: {} } as IncomingMessage, response as unknown as ServerResponse);
      }),
  };
}
