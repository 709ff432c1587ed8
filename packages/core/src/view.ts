import type { Aggregation } from './aggregation.ts';
import { ConfigError } from './contract.ts';
import { isName, type Measure } from './measure.ts';

/** What is made of a measure's numbers: one row for each combination of values of the tag keys. It holds no data. */
export interface View {
  readonly name: string;
  readonly description: string;
  readonly measure: Measure;
  readonly aggregation: Aggregation;
  /** In the order given; they become the metric's label keys. */
  readonly tagKeys: readonly string[];
}

/** How a view is described. */
export interface ViewOptions {
  /** 1 to 255 printable ASCII characters. Default: the measure's name. */
  readonly name?: string | undefined;
  readonly measure: Measure;
  readonly aggregation: Aggregation;
  /** 1 to 255 printable ASCII characters each, no two the same. Default: none, which makes one row. */
  readonly tagKeys?: readonly string[] | undefined;
  /** Default: the measure's. */
  readonly description?: string | undefined;
}

/** Makes a view. @throws ConfigError for a name or tag key that is not allowed, and without measure or aggregation. */
export function view({ measure, aggregation, name = measure?.name, tagKeys = [], description }: ViewOptions): View {
  if (!isName(name)) throw new ConfigError('view: name must be 1 to 255 printable ASCII characters');
  if (!isName(measure?.name)) throw new ConfigError(`view '${name}': measure must come from measure()`);
  if (!['count', 'sum', 'lastValue', 'distribution'].includes(aggregation?.type)) {
    throw new ConfigError(`view '${name}': aggregation must be count(), sum(), lastValue() or distribution(bounds)`);
  }
  if (!Array.isArray(tagKeys) || !tagKeys.every(isName) || new Set(tagKeys).size < tagKeys.length) {
    throw new ConfigError(`view '${name}': tagKeys must be different names of 1 to 255 printable ASCII characters`);
  }
  const text = description ?? measure.description;
  return Object.freeze({ name, description: text, measure, aggregation, tagKeys: Object.freeze([...tagKeys]) });
}

/** True when both say the same. The order of tag keys does not matter. */
export function isSameView(one: View, other: View): boolean {
  return (
    one.name === other.name &&
    isSameMeasure(one.measure, other.measure) &&
    JSON.stringify(one.aggregation) === JSON.stringify(other.aggregation) &&
    JSON.stringify([...one.tagKeys].sort()) === JSON.stringify([...other.tagKeys].sort())
  );
}

/** True when both mean the same numbers. */
export function isSameMeasure(one: Measure, other: Measure): boolean {
  return one === other || (one.name === other.name && one.unit === other.unit && one.type === other.type);
}
