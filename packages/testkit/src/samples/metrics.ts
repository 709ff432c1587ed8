import type { Metric } from '@oc/core/exporter';
import { digits, SECOND, START, TEXTS } from './texts.ts';

function gauge(name: string, value: number, fields: Partial<Metric> = {}): Metric {
  return {
    type: 'gauge',
    name,
    description: '',
    unit: '1',
    labelKeys: [],
    valueType: Number.isInteger(value) ? 'int64' : 'double',
    timeSeries: [{ labelValues: [], time: START, value }],
    ...fields,
  } as Metric;
}

const labelled = (labelKeys: readonly string[], ...rows: readonly (readonly (string | undefined)[])[]): Metric => ({
  type: 'cumulative',
  name: 'shop/hits',
  description: 'hits',
  unit: '1',
  labelKeys,
  valueType: 'int64',
  timeSeries: rows.map((labelValues, at) => ({ labelValues, start: START, time: START + 60 * SECOND, value: at + 1 })),
});

const bounds = [5, 10, 25.5];

/** Metrics, by what each is a sample of. */
export const metrics: Readonly<Record<string, Metric>> = {
  'gauge of whole numbers': gauge('shop/open', 7, { description: 'open carts', unit: '{cart}' }),
  'gauge of fractions': gauge('shop/load', 0.25),
  'gauge below zero': gauge('shop/temperature', -40.5, { unit: 'Cel' }),
  'gauge of minus zero': gauge('shop/zero', -0),
  'gauge at the end of safe numbers': gauge('shop/safe', Number.MAX_SAFE_INTEGER),
  'gauge beyond int64': gauge('shop/beyond', 1e300, { valueType: 'double' }),
  'gauge of the smallest number': gauge('shop/smallest', Number.MIN_VALUE),
  'count of whole numbers': labelled([], []),
  'sum of fractions': {
    ...labelled([], []),
    valueType: 'double',
    timeSeries: [{ labelValues: [], start: START, time: START + 60 * SECOND, value: 12.3 }],
  } as Metric,
  'one row a label': labelled(['method'], ['GET'], ['POST']),
  'labels that are absent or empty': labelled(
    ['method', 'zone'],
    ['GET', undefined],
    ['GET', ''],
    [undefined, undefined],
  ),
  'labels of all sorts': labelled(['text'], ...Object.values(TEXTS).map((text) => [text])),
  'label keys of all sorts': labelled(
    ['a.b', 'a_b', '1st', 'with space', 'service.name', 'le', 'quantile', '__name__'],
    ['1', '2', '3', '4', '5', '6', '7', '8'],
  ),
  'a name that few formats take': gauge('shop/a b-c.d{e}"f"', 1, {
    description: 'two\nlines \\ and "quotes"',
    unit: 'By/s',
  }),
  'the overflow row': labelled(['user'], ['u1'], ['(other)']),
  distribution: {
    type: 'distribution',
    name: 'shop/latency',
    description: 'time to answer',
    unit: 'ms',
    labelKeys: ['method'],
    valueType: 'double',
    bounds,
    timeSeries: [
      {
        labelValues: ['POST'],
        start: START,
        time: START + 60 * SECOND,
        value: {
          count: 6,
          sum: 92.5,
          min: 0.5,
          max: 60,
          sumOfSquaredDeviation: 2_644.708,
          bucketCounts: [1, 2, 2, 1],
          exemplars: [
            {
              value: 60,
              time: START + 30 * SECOND,
              attachments: { trace_id: digits('exemplar', 32), span_id: digits('exemplar', 16) },
            },
          ],
        },
      },
      {
        labelValues: [undefined],
        start: START,
        time: START + 60 * SECOND,
        value: { count: 0, sum: 0, sumOfSquaredDeviation: 0, bucketCounts: [0, 0, 0, 0] },
      },
    ],
  },
  'distribution without bounds': {
    type: 'distribution',
    name: 'shop/size',
    description: '',
    unit: 'By',
    labelKeys: [],
    valueType: 'int64',
    bounds: [],
    timeSeries: [
      {
        labelValues: [],
        start: START,
        time: START + 60 * SECOND,
        value: { count: 3, sum: 30, min: 5, max: 15, sumOfSquaredDeviation: 50, bucketCounts: [] },
      },
    ],
  },
};
