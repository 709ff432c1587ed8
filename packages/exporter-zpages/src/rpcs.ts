import type { Metric, TimeSeries } from '@oc/core/exporter';
import { type Reading, rateBetween, windowStart } from './readings.ts';
import type { Site } from './site.ts';

/** A figure over the last minute, the last hour and since the view's start. */
export interface Windows {
  readonly minute: number;
  readonly hour: number;
  readonly total: number;
}

/** One RPC method as one side sees it. */
export interface RpcRow {
  readonly method: string;
  readonly count: Windows;
  /** Milliseconds. */
  readonly latency: Windows;
  /** RPCs a second. */
  readonly rate: Windows;
  /** KiB a second. */
  readonly input: Windows;
  readonly output: Windows;
  readonly errors: Windows;
}

/** The views of OpenCensus's gRPC plugins, and what they say to each side. */
const SIDES = {
  sent: {
    views: 'grpc.io/client/',
    method: 'grpc_client_method',
    status: 'grpc_client_status',
    latency: 'roundtrip_latency',
    input: 'received_bytes_per_rpc',
    output: 'sent_bytes_per_rpc',
  },
  received: {
    views: 'grpc.io/server/',
    method: 'grpc_server_method',
    status: 'grpc_server_status',
    latency: 'server_latency',
    input: 'received_bytes_per_rpc',
    output: 'sent_bytes_per_rpc',
  },
} as const;

/** A row of a view with its course. */
interface Part {
  readonly method: string;
  readonly status: string | undefined;
  readonly count: number;
  readonly sum: number;
  readonly ageSeconds: number;
  readonly course: readonly Reading[];
}

/** The methods that were called, and those that were served; undefined when no such view is registered. */
export async function rpcsOf(site: Site): Promise<Readonly<Record<keyof typeof SIDES, readonly RpcRow[]>> | undefined> {
  const areRegistered = site.source.views().some(({ name }) => name.startsWith('grpc.io/'));
  if (!areRegistered) return undefined;
  const metrics = new Map((await site.source.metrics()).map((metric) => [metric.name, metric]));
  const side = (name: keyof typeof SIDES): readonly RpcRow[] => {
    const { views, method, status, latency, input, output } = SIDES[name];
    const partsOf = (view: string): readonly Part[] => {
      const metric = metrics.get(views + view);
      return metric ? partsIn(site, metric, method, status) : [];
    };
    const [completed, latencies, inputs, outputs] = ['completed_rpcs', latency, input, output].map(partsOf) as [
      Parts,
      Parts,
      Parts,
      Parts,
    ];
    const methods = new Set([completed, latencies].flat().map((part) => part.method));
    return [...methods].sort().map((each): RpcRow => {
      const of = (parts: Parts): Parts => parts.filter((part) => part.method === each);
      return {
        method: each,
        count: windows((window) => addedOf(of(completed), window)),
        latency: windows((window) => {
          const count = addedOf(of(latencies), window);
          return count > 0 ? addedOf(of(latencies), window, 'sum') / count : 0;
        }),
        rate: windows((window) => rateOf(of(completed), window)),
        input: windows((window) => rateOf(of(inputs), window, 'sum') / 1_024),
        output: windows((window) => rateOf(of(outputs), window, 'sum') / 1_024),
        errors: windows((window) =>
          addedOf(
            of(completed).filter((part) => part.status !== 'OK'),
            window,
          ),
        ),
      };
    });
  };
  return { sent: side('sent'), received: side('received') };
}

type Parts = readonly Part[];
type Window = number | 'total';

function windows(figure: (window: Window) => number): Windows {
  return { minute: figure(60_000), hour: figure(3_600_000), total: figure('total') };
}

function partsIn({ readings }: Site, metric: Metric, methodKey: string, statusKey: string): Parts {
  const method = metric.labelKeys.indexOf(methodKey);
  const status = metric.labelKeys.indexOf(statusKey);
  return Array.from(
    metric.timeSeries as Iterable<TimeSeries>,
    ({ labelValues, start, time, value }): Part => ({
      method: labelValues[method] ?? '(not set)',
      status: labelValues[status],
      count: typeof value === 'number' ? value : value.count,
      sum: typeof value === 'number' ? value : value.sum,
      ageSeconds: Math.max(1, (time - (start ?? time)) / 1e6),
      course: readings.of(metric.name, labelValues),
    }),
  );
}

/** What was added in a window: the newest reading less the oldest in it. */
function addedOf(parts: Parts, window: Window, of: 'value' | 'sum' = 'value'): number {
  return parts.reduce((total, part) => {
    if (window === 'total') return total + (of === 'value' ? part.count : part.sum);
    const first = windowStart(part.course, window);
    const last = part.course.at(-1);
    return first && last ? total + (rateBetween(first, last, of) * (last.at - first.at)) / 1_000 : total;
  }, 0);
}

function rateOf(parts: Parts, window: Window, of: 'value' | 'sum' = 'value'): number {
  return parts.reduce((total, part) => {
    if (window === 'total') return total + (of === 'value' ? part.count : part.sum) / part.ageSeconds;
    const first = windowStart(part.course, window);
    const last = part.course.at(-1);
    return first && last ? total + rateBetween(first, last, of) : total;
  }, 0);
}
