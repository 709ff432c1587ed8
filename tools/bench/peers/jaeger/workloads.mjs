import { createRequire } from 'node:module';
import jaeger from 'jaeger-client';

const require = createRequire(import.meta.url);
const { default: ThriftUtils } = require('jaeger-client/dist/src/thrift.js');
const { default: HTTPSender } = require('jaeger-client/dist/src/reporters/http_sender.js');
const opentracing = require('opentracing');

/**
 * At finish() the reporter maps the span to Thrift's shape (not yet to bytes) and appends it to the sender's batch;
 * this sender throws each full batch away. Spans that are not sampled are not reported.
 */
function recorder(sampled) {
  let batch = [];
  let received = 0;
  const sender = {
    setProcess() {},
    append(span, done) {
      received++;
      if (batch.push(span) === 512) batch = [];
      done(0);
    },
    flush: (done) => done(0),
    close() {},
  };
  const reporter = new jaeger.RemoteReporter(sender);
  return {
    tracer: new jaeger.Tracer('bench', reporter, new jaeger.ConstSampler(sampled)),
    received: () => received,
  };
}

export function sampledTrace() {
  const { tracer, received } = recorder(true);
  function run() {
    const root = tracer.startSpan('GET /cart/:id');
    root.setTag('shop.customer', 'c-4711');
    root.setTag('shop.currency', 'EUR');
    root.setTag('cart.items', 3);
    root.setTag('cart.cached', false);
    root.log({ event: 'cache miss' });
    const child = tracer.startSpan('load cart', { childOf: root });
    child.setTag('db.table', 'carts');
    child.setTag('db.rows', 3);
    child.finish();
    root.finish();
  }
  return { run, received };
}

export function unsampledSpan() {
  const { tracer, received } = recorder(false);
  function run() {
    const span = tracer.startSpan('GET /cart/:id');
    span.finish();
    return span;
  }
  return { run, received };
}

/** As the HTTP sender does: a span is mapped to Thrift's shape when it finishes, which is counted here, then encoded. */
export function jaegerThrift(sample) {
  const { Tracer, ConstSampler, SpanContext } = jaeger;
  const finished = [];
  const reporter = { report: (span) => finished.push(span), setProcess() {}, close() {} };
  const tracer = new Tracer('bench', reporter, new ConstSampler(true), { traceId128bit: true });
  const sender = new HTTPSender({ endpoint: 'http://127.0.0.1:14268/api/traces', maxSpanBatchSize: 1e9 });
  sender.setProcess({ serviceName: 'bench', tags: ThriftUtils.getThriftTags([{ key: 'hostname', value: 'bench' }]) });
  const contextOf = ({ traceId, spanId }) => SpanContext.fromString(`${traceId}:${spanId}:0:1`);
  const references = [opentracing.followsFrom(contextOf(sample.link))];
  const childOf = contextOf(sample.parent);
  return {
    spans(count) {
      for (let i = 0; i < count; i++) {
        const tags = { 'span.kind': 'client', ...sample.attributes };
        const span = tracer.startSpan(sample.name, { childOf, references, tags });
        for (const event of sample.events) span.log({ event });
        span.finish();
      }
      return finished.splice(0);
    },
    encode(spans) {
      sender._batch.spans = spans.map((span) => new sender._jaegerThrift.Span(ThriftUtils.spanToThrift(span)));
      const { err, value } = sender._jaegerThrift.Batch.rw.toBuffer(sender._batch);
      sender._reset();
      if (err) throw err;
      return value;
    },
  };
}
