import { samples } from '@oc/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openMetrics } from '../../../tools/receivers/openmetrics.ts';
import { promtool } from '../../../tools/receivers/promtool.ts';
import { receiving } from '../../../tools/receivers/receiving.ts';
import { numbers, rendered } from './rendering.ts';

// promtool knows text alone, so OpenMetrics has a judge of its own; Prometheus takes what either of them would not.
describe('promtool', () => {
  const tool = receiving(promtool);

  it("finds no fault with any sample in text, but for names that are the user's own", async () => {
    const complaints = await Promise.all(
      Object.values(samples.metrics).map((metric) => tool().complaints(rendered([metric], 'text'))),
    );
    expect([...new Set(complaints.flat())]).toEqual([
      'shop_hits_total non-histogram metrics should not have "le" label',
      'shop_hits_total non-summary metrics should not have "quantile" label',
      'shop_a_b_c_d_e__f_ metric names should not contain abbreviated units',
    ]);
  });

  it('finds a label that comes twice', async () => {
    expect(await tool().complaints('# HELP a a\n# TYPE a gauge\na{b="1",b="2"} 1\n')).not.toEqual([]);
  });
});

describe('the strict parser of OpenMetrics', () => {
  const parser = receiving(openMetrics);

  it('reads each sample', async () => {
    const names = await Promise.all(
      Object.values(samples.metrics).map(async (metric) => {
        return (await parser().families(rendered([metric], 'openmetrics'))).map(({ samples }) => samples.length > 0);
      }),
    );
    expect(names).toEqual(Object.keys(samples.metrics).map(() => [true]));
  });

  it('reads any names, labels and values', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 12 }).filter((each) => each.isWellFormed());
    const name = fc.string({
      unit: fc.constantFrom(...'ab./_-1 :é', '_total', '_sum', 'le'),
      minLength: 1,
      maxLength: 6,
    });
    const row = fc.record({
      labels: fc.array(fc.option(text, { nil: undefined }), { minLength: 3, maxLength: 3 }),
      value: fc.integer({ min: 0, max: 1_000_000_000 }),
    });
    const metric = fc.record({
      name,
      keys: fc.uniqueArray(name, { minLength: 3, maxLength: 3 }),
      type: fc.constantFrom('cumulative' as const, 'gauge' as const),
      description: text,
      rows: fc.uniqueArray(row, { maxLength: 4, selector: ({ labels }) => JSON.stringify(labels) }),
    });
    const distinct = fc.uniqueArray(metric, { maxLength: 30, selector: (each) => each.name });
    const total = (values: readonly number[]): number => values.reduce((one, other) => one + other, 0);
    const property = fc.asyncProperty(distinct, async (all) => {
      const metrics = all.map(({ name, keys, rows, ...fields }) =>
        numbers(
          name,
          keys,
          rows.map(({ labels, value }) => [labels, value] as const),
          fields,
        ),
      );
      const families = await parser().families(rendered(metrics, 'openmetrics'));
      const read = families.map(({ samples }) =>
        total(samples.map(({ name, value }) => (name.endsWith('_created') ? 0 : Number(value)))),
      );
      expect(read).toEqual(all.map(({ rows }) => total(rows.map(({ value }) => value))));
    });
    await fc.assert(property, { numRuns: 15, endOnFailure: true }); // to shrink, each step would start a Python
  }, 60_000);

  it.each([
    ['without an end', 'a 1\n'],
    ['with a counter without _total', '# TYPE a counter\na 1\n# EOF\n'],
    ['with a histogram without +Inf', '# TYPE a histogram\na_bucket{le="1.0"} 1\n# EOF\n'],
    ['with names that clash', '# TYPE a counter\na_total 1\n# TYPE a_total gauge\na_total 1\n# EOF\n'],
  ])('refuses a page %s', async (_, page) => {
    expect(await parser().complaints(page)).not.toEqual([]);
  });

  // So encode.test.ts claims these of our pages.
  it.each([
    ['a quote in HELP', '# TYPE a gauge\n# HELP a "\na 1\n# EOF\n'],
    ['an exemplar above its bucket', '# TYPE a histogram\na_bucket{le="1.0"} 1 # {} 2\na_bucket{le="+Inf"} 1\n# EOF\n'],
    ['a row that comes twice', 'a{b="1"} 1\na{b="1"} 2\n# EOF\n'],
  ])('does not see %s', async (_, page) => {
    expect(await parser().complaints(page)).toEqual([]);
  });
});
