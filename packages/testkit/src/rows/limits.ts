import { measure, sum, view } from '@oc/core';
import { holds, same } from '../claim.ts';
import type { Row } from '../row.ts';
import { spanWith } from './recorded.ts';

/** Too much of anything. */
export const LIMITS: readonly Row[] = [
  {
    id: 'V2',
    title: 'a text of 5 MB, 100,000 attributes, a depth of 10,000: cut and counted, cheap for the application',
    signals: 'spans',
    isHeavy: true,
    applies: () => true,
    async run(lab) {
      let deep: unknown = 'end';
      for (let depth = 0; depth < 10_000; depth++) deep = { deep };
      const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`key${at}`, at]));
      for (const [what, attributes] of Object.entries({
        long: { text: 'x'.repeat(5_000_000) },
        deep: { deep },
        many,
      })) {
        const item = await spanWith(lab, attributes, what);
        const size = JSON.stringify(item).length;
        holds(`what arrives of a span that is ${what} is small`, size < 20_000, size);
      }
      const thousand = Object.fromEntries(Object.entries(many).slice(0, 1_000));
      const { oc } = lab.open(await lab.backend());
      const took = Array.from({ length: 30 }, () => {
        const began = performance.now();
        oc.tracer.startSpan('x', { parent: null, attributes: thousand }).end();
        return performance.now() - began;
      });
      holds('a span of 1,000 attributes costs under 1 ms', Math.min(...took) < 1, Math.min(...took));
    },
  },
  {
    id: 'V12',
    title: 'a million label sets: 2,000 rows and one for the others, the total right, one warning',
    signals: 'metrics',
    isHeavy: true,
    applies: () => true,
    async run(lab) {
      const hits = measure({ name: 'testkit/hits' });
      const views = [view({ measure: hits, aggregation: sum(), tagKeys: ['id'] })];
      const backend = await lab.backend();
      const subject = lab.open(backend, { views });
      for (let at = 0; at < 1_000_000; at++) {
        subject.oc.stats.record([[hits, 1]], { id: `set${at}` });
        if (at % 10_000 === 0) await new Promise((resolve) => setImmediate(resolve)); // other rows have deadlines
      }
      await subject.oc.flush({ withinMs: 4_000 });
      await lab.settled(subject);
      const rows = backend.items.filter(({ id }) => id.startsWith('set') || id === '(other)');
      holds('rows', rows.length <= 2_001, rows.length);
      same('the row of the others', rows.filter(({ id }) => id === '(other)').length, 1);
      same(
        'the total',
        rows.reduce((total, { value }) => total + Number(value), 0),
        1_000_000,
      );
      same('warnings', subject.messages.length, 1);
    },
  },
];
