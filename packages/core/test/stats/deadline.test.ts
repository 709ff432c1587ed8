import { lastValue, measure, sum, telemetry, view } from '@oc/core';
import type { Metric, Source } from '@oc/core/exporter';
import { expect, test } from 'vitest';

const orders = measure({ name: 'orders' });
const heap = measure({ name: 'heap' });

test('a reader with a deadline gets what there is, without the observer that never answers', async () => {
  let source: Source | undefined;
  const reader = {
    name: 'reader',
    start(given: Source): void {
      source = given;
    },
  };
  const oc = telemetry({
    exporters: [reader],
    flushOn: [],
    views: [view({ measure: orders, aggregation: sum() }), view({ measure: heap, aggregation: lastValue() })],
  });
  oc.stats.record([[orders, 2]]);
  oc.stats.observe(heap, () => new Promise<number>(() => {}));
  const controller = new AbortController();
  const reading = source?.metrics(controller.signal) as Promise<readonly Metric[]>;
  controller.abort();
  expect((await reading).map(({ name }) => name)).toEqual(['orders']);
  expect((await source?.metrics(AbortSignal.abort()))?.map(({ name }) => name)).toEqual(['orders']);
  await oc.shutdown({ withinMs: 10 });
});
