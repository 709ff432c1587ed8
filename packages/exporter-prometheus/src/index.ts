export type { PromRegistry } from './prom-client.ts';
export { type PrometheusExporter, type PrometheusOptions, prometheus } from './prometheus.ts';
export { type PushgatewayOptions, pushgateway } from './pushgateway.ts';
export type { ListeningAddress } from './server.ts';
