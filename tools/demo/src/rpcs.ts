import { count, distribution, measure, type Stats, type StatusCode, sum, view } from '@oc/core';
import { between } from './luck.ts';

// The measures and views of OpenCensus's gRPC plugins, which the page RPCs reads.
const latency = measure({ name: 'grpc.io/client/roundtrip_latency', unit: 'ms', description: 'from call to answer' });
const sent = measure({ name: 'grpc.io/client/sent_bytes_per_rpc', unit: 'By', type: 'int64' });
const received = measure({ name: 'grpc.io/client/received_bytes_per_rpc', unit: 'By', type: 'int64' });

const method = 'grpc_client_method';
const status = 'grpc_client_status';
const MS = distribution([1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000]);

export const rpcViews = [
  view({ name: 'grpc.io/client/completed_rpcs', measure: latency, aggregation: count(), tagKeys: [method, status] }),
  view({ measure: latency, aggregation: MS, tagKeys: [method] }),
  view({ measure: sent, aggregation: sum(), tagKeys: [method] }),
  view({ measure: received, aggregation: sum(), tagKeys: [method] }),
];

/** Takes down one call of a backend. */
export function recordRpc(stats: Stats, name: string, code: StatusCode, ms: number): void {
  const tags = { [method]: name, [status]: code };
  stats.record(
    [
      [latency, ms],
      [sent, between(200, 400)],
      [received, between(300, 4_000)],
    ],
    tags,
  );
}
