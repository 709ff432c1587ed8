import { BatchRecorder, ExplicitContext, jsonEncoder, Tracer } from 'zipkin';
import { HttpLogger } from 'zipkin-transport-http';

const logger = new HttpLogger({ endpoint: 'http://localhost:9411/api/v2/spans', jsonEncoder: jsonEncoder.JSON_V2 });
export const tracer = new Tracer({
  ctxImpl: new ExplicitContext(),
  recorder: new BatchRecorder({ logger }),
  localServiceName: 'bench',
});
