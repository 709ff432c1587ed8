import type { Metric, TimeSeries } from '@oc/core/exporter';
import { goldens, samples } from '@oc/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ReadSample, samplesOf } from './page-reader.ts';
import { numbers, type Rendering, rendered } from './rendering.ts';

interface Page {
  readonly metrics: readonly Metric[];
  readonly options?: Rendering;
}

const linesOf = (text: string): readonly string[] => text.split('\n');

// JSON has no undefined: a label that is absent stands as null.
goldens(new URL('golden', import.meta.url), ({ metrics, options }: Page) => {
  const read = metrics.map((metric): Metric => {
    const timeSeries = Array.from(metric.timeSeries as Iterable<TimeSeries>, (row) => {
      return { ...row, labelValues: row.labelValues.map((value) => value ?? undefined) };
    });
    return { ...metric, timeSeries } as Metric;
  });
  const warnings: string[] = [];
  return {
    text: linesOf(rendered(read, 'text', { ...options, warnings })),
    openmetrics: linesOf(rendered(read, 'openmetrics', options)),
    warnings,
  };
});

const labelValue = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }).filter((text) => text.isWellFormed()),
  fc.string({ unit: fc.constantFrom('"', '\\', '\n', '=', ',', '}', 'n') }),
);

describe('any labels and values', () => {
  it.each(['text', 'openmetrics'] as const)('come out of a page in %s as they went in', (format) => {
    const value = fc.double({ min: 0, noDefaultInfinity: true, noNaN: true });
    const row = fc.tuple(fc.array(labelValue.filter(Boolean), { minLength: 2, maxLength: 2 }), value);
    const distinct = fc.uniqueArray(row, { maxLength: 20, selector: ([labels]) => JSON.stringify(labels) });
    fc.assert(
      fc.property(distinct, (rows) => {
        const page = rendered([numbers('shop/load', ['user.id', 'zone'], rows, { type: 'gauge' })], format);
        const expected = rows.map(([[id, zone], value]): ReadSample => {
          return { name: 'shop_load', labels: { user_id: id ?? '', zone: zone ?? '' }, value: `${value}` };
        });
        expect(samplesOf(page.replace(/# EOF\n$/, ''))).toEqual(expected);
      }),
    );
  });

  it('make a page with no name twice, no label twice, and each sample under the name of its family', () => {
    const key = fc.string({ unit: fc.constantFrom('a', '.', '_', '1', ' ', 'le'), minLength: 1, maxLength: 4 });
    const metric = fc.record({
      name: key,
      keys: fc.uniqueArray(key, { maxLength: 4 }),
      type: fc.constantFrom('cumulative' as const, 'gauge' as const),
    });
    const distinct = fc.uniqueArray(metric, { maxLength: 8, selector: ({ name }) => name });
    fc.assert(
      fc.property(distinct, fc.boolean(), (all, legacyNames) => {
        const metrics = all.map(({ name, keys, type }, i) => numbers(name, keys, [[keys.map(() => 'x'), i]], { type }));
        const page = rendered(metrics, 'text', { legacyNames });
        const read = samplesOf(page);
        expect(read.map(({ value }) => Number(value))).toEqual(all.map((_, i) => i));
        expect(new Set(read.map(({ name }) => name)).size).toBe(all.length);
        expect(read.map(({ labels }) => Object.keys(labels).length)).toEqual(all.map(({ keys }) => keys.length));
      }),
    );
  });
});

describe('a page', () => {
  it('of nothing is empty in text, and only ended in OpenMetrics', () => {
    expect([rendered([], 'text'), rendered([], 'openmetrics')]).toEqual(['', '# EOF\n']);
  });

  it('leaves out a type that this version does not know', () => {
    expect(rendered([{ ...numbers('new', [], [[[], 1]]), type: 'summary' } as unknown as Metric], 'text')).toBe('');
  });

  it('shows an exemplar in its own bucket and in OpenMetrics alone', () => {
    const metric = samples.metrics.distribution as Metric;
    const exemplars = (text: string): readonly string[] => linesOf(text).filter((line) => line.includes(' # {'));
    expect(exemplars(rendered([metric], 'text'))).toEqual([]);
    expect(exemplars(rendered([metric], 'openmetrics'))).toEqual([
      expect.stringMatching(
        /^shop_latency_bucket\{method="POST",le="\+Inf"\} 6 # \{trace_id="\w{32}",span_id="\w{16}"\} 60 1735689630.25$/,
      ),
    ]);
  });
});
