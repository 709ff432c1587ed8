import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { otlp } from './otlp.mjs';

export const { otlpProtobuf, otlpJson, flood } = otlp({
  Provider: BasicTracerProvider,
  batchProcessor: (exporter) => new BatchSpanProcessor(exporter),
});
