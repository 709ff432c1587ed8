import { CoreTracer } from '@opencensus/core';
import { ZipkinTraceExporter } from '@opencensus/exporter-zipkin';

export const tracer = new CoreTracer();
tracer.start({ samplingRate: 1 });
tracer.registerSpanEventListener(new ZipkinTraceExporter({ serviceName: 'bench' }));
