export type { Clock } from '../clock.ts';
export * from '../contract.ts';
export type * from '../metric.ts';
export type * from '../span.ts';
export { STATUS_CODES } from '../span.ts';
export type { View } from '../view.ts';
export { type DeltaMetric, type DeltaSeries, type Deltas, deltas } from './deltas.ts';
export * from './http.ts';
export * from './options.ts';
