import jaeger from 'jaeger-client';

export const tracer = jaeger.initTracer(
  {
    serviceName: 'bench',
    sampler: { type: 'const', param: 1 },
    reporter: { collectorEndpoint: 'http://localhost:14268/api/traces' },
  },
  {},
);
