import { AlwaysOffSampler, BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { otel } from './otel.mjs';

export const { sampledTrace, activeTrace, unsampledSpan, zipkinJson } = otel({
  Provider: BasicTracerProvider,
  batchProcessor: (exporter) => new BatchSpanProcessor(exporter),
  AlwaysOffSampler,
});
