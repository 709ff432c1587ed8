import { telemetry } from '@oc/core';
import { zipkin } from '@oc/exporter-zipkin';

export const { tracer } = telemetry({ service: 'bench', exporters: [zipkin()] });
