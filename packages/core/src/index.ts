export { type Aggregation, count, distribution, lastValue, sum } from './aggregation.ts';
export type { Clock } from './clock.ts';
export {
  ConfigError,
  type DeliveryOptions,
  type DeliverySettings,
  type DrainHealth,
  type DropReason,
  type Exporter,
  type ExporterHealth,
  type Problem,
  type Resource,
  type SignalHealth,
  type SignalState,
} from './contract.ts';
export { stats, tracer } from './global.ts';
export { type Measure, type MeasureOptions, measure } from './measure.ts';
export { alwaysSample, neverSample, probability, rateLimited } from './sampler.ts';
export type { Limits } from './settings.ts';
export type {
  Attributes,
  AttributesInput,
  AttributeValue,
  LinkType,
  MessageEvent,
  Sampler,
  Span,
  SpanContext,
  SpanKind,
  SpanOptions,
  StatusCode,
  Time,
  Tracer,
  UnixMicros,
} from './span.ts';
export type { BoundMeasure, Stats } from './stats.ts';
export type { Tags } from './tags.ts';
export { type DrainOptions, type Telemetry, type TelemetryOptions, telemetry } from './telemetry.ts';
export { type View, type ViewOptions, view } from './view.ts';
