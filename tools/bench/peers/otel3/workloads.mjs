import { AlwaysOffSampler, BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { otel } from './otel.mjs';

export const { sampledTrace, activeTrace, unsampledSpan, zipkinJson } = otel({
  Provider: TracerProvider,
  batchProcessor: (exporter) => new BatchSpanProcessor({ exporter }),
  AlwaysOffSampler,
});
