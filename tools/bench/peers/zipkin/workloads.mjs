import { Annotation, BatchRecorder, ExplicitContext, jsonEncoder, option, sampler, TraceId, Tracer } from 'zipkin';

/**
 * The recorder collects what is said about a span in a Map and gives the span to the logger when it stops. The logger
 * of zipkin-transport-http would encode it at once; this one keeps it, so that W1 holds no encoding, as for the others.
 * Its context is the synchronous ExplicitContext; the one that follows async calls is another package.
 */
function recorder(decide = sampler.alwaysSample) {
  let spans = [];
  let received = 0;
  const logger = {
    logSpan(span) {
      received++;
      if (spans.push(span) > 512) spans = [];
    },
  };
  const tracer = new Tracer({
    ctxImpl: new ExplicitContext(),
    recorder: new BatchRecorder({ logger }),
    sampler: new sampler.Sampler(decide),
    localServiceName: 'bench',
  });
  return { tracer, received: () => received, take: () => spans.splice(0) };
}

export function sampledTrace() {
  const { tracer, received } = recorder();
  function run() {
    const root = tracer.createRootId();
    tracer.letId(root, () => {
      tracer.recordServiceName('bench');
      tracer.recordAnnotation(new Annotation.LocalOperationStart('GET /cart/:id'));
      tracer.recordBinary('shop.customer', 'c-4711');
      tracer.recordBinary('shop.currency', 'EUR');
      tracer.recordBinary('cart.items', 3);
      tracer.recordBinary('cart.cached', false);
      tracer.recordMessage('cache miss');
      tracer.letId(tracer.createChildId(root), () => {
        tracer.recordServiceName('bench');
        tracer.recordAnnotation(new Annotation.LocalOperationStart('load cart'));
        tracer.recordBinary('db.table', 'carts');
        tracer.recordBinary('db.rows', 3);
        tracer.recordAnnotation(new Annotation.LocalOperationStop());
      });
      tracer.recordAnnotation(new Annotation.LocalOperationStop());
    });
  }
  return { run, received };
}

export function unsampledSpan() {
  const { tracer, received } = recorder(sampler.neverSample);
  function run() {
    const root = tracer.createRootId();
    tracer.letId(root, () => {
      tracer.recordAnnotation(new Annotation.LocalOperationStart('GET /cart/:id'));
      tracer.recordAnnotation(new Annotation.LocalOperationStop());
    });
    return root;
  }
  return { run, received };
}

/** Its tags are strings from recordBinary on, and it knows no links: a little less work than the others have. */
export function zipkinJson(sample) {
  const { tracer, take } = recorder();
  const parent = new TraceId({ ...sample.parent, parentId: option.None, sampled: new option.Some(true) });
  return {
    spans(count) {
      for (let i = 0; i < count; i++) {
        tracer.letId(tracer.createChildId(parent), () => {
          tracer.recordServiceName('bench');
          tracer.recordRpc(sample.name);
          tracer.recordAnnotation(new Annotation.ClientSend());
          for (const [key, value] of Object.entries(sample.attributes)) tracer.recordBinary(key, value);
          for (const event of sample.events) tracer.recordMessage(event);
          tracer.recordAnnotation(new Annotation.ClientRecv());
        });
      }
      return take();
    },
    // As the HTTP logger does: each span by itself, joined to one array.
    encode: (spans) => `[${spans.map((span) => jsonEncoder.JSON_V2.encode(span)).join(',')}]`,
  };
}
