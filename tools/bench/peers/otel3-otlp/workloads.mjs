import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { otlp } from './otlp.mjs';

export const { otlpProtobuf, otlpJson, flood } = otlp({
  Provider: TracerProvider,
  batchProcessor: (exporter) => new BatchSpanProcessor({ exporter }),
});
