import { neverSample, type Sampler, type Span, telemetry } from '@oc/core';
import type { SpanData } from '@oc/core/exporter';
import type { RecordTask } from './task.ts';

export * from './ours-exporters.ts';
export * from './ours-stats.ts';

/**
 * At end() a span goes into the queue of delivery; each full batch of 512 is handed to the exporter in a later
 * microtask, four side by side. The queue holds 65,536 spans and counts what it drops.
 */
function recorder(
  sampler?: Sampler,
): Pick<RecordTask, 'received'> & { tracer: ReturnType<typeof telemetry>['tracer'] } {
  let received = 0;
  const counting = {
    name: 'counting',
    async exportSpans(spans: readonly SpanData[]): Promise<void> {
      received += spans.length;
    },
  };
  const { tracer, flush } = telemetry({ service: 'bench', exporters: [counting], ...(sampler && { sampler }) });
  return {
    tracer,
    async received() {
      await flush();
      return received;
    },
  };
}

export function sampledTrace(): RecordTask {
  const { tracer, received } = recorder();
  function run(): void {
    const root = tracer.startSpan('GET /cart/:id');
    root.setAttribute('shop.customer', 'c-4711');
    root.setAttribute('shop.currency', 'EUR');
    root.setAttribute('cart.items', 3);
    root.setAttribute('cart.cached', false);
    root.annotate('cache miss');
    const child = tracer.startSpan('load cart', { parent: root });
    child.setAttribute('db.table', 'carts');
    child.setAttribute('db.rows', 3);
    child.end();
    root.end();
  }
  return { run, received };
}

export function activeTrace(): RecordTask {
  const { tracer, received } = recorder();
  function run(): void {
    const root = tracer.startSpan('GET /cart/:id');
    root.setAttribute('shop.customer', 'c-4711');
    root.setAttribute('shop.currency', 'EUR');
    root.setAttribute('cart.items', 3);
    root.setAttribute('cart.cached', false);
    root.annotate('cache miss');
    tracer.withSpan(root, () => {
      const child = tracer.startSpan('load cart');
      child.setAttribute('db.table', 'carts');
      child.setAttribute('db.rows', 3);
      child.end();
    });
    root.end();
  }
  return { run, received };
}

export function unsampledSpan(): RecordTask {
  const { tracer, received } = recorder(neverSample());
  function run(): Span {
    const span = tracer.startSpan('GET /cart/:id');
    span.end();
    return span;
  }
  return { run, received };
}
