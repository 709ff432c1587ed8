import { telemetry } from '@oc/core';
import { otlp } from '@oc/exporter-otlp';

export const { tracer } = telemetry({ service: 'bench', exporters: [otlp()] });
