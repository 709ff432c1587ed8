import { type Aggregation, isAggregation } from './aggregation.ts';
import { boundedText } from './attributes.ts';
import { ConfigError } from './contract.ts';
import { isMeasure, isName, LONGEST_DESCRIPTION, type Measure } from './measure.ts';

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

/** Makes a view. @throws ConfigError for a name, tag key or text that is not allowed, and without measure or aggregation. */
export function view(options: ViewOptions): View {
  const {
    measure,
    aggregation,
    name = measure?.name,
    tagKeys = [],
    description = measure?.description,
  } = options ?? {};
  if (!isName(name)) throw new ConfigError('view: name must be 1 to 255 printable ASCII characters');
  if (!isMeasure(measure)) throw new ConfigError(`view '${name}': measure must come from measure()`);
  if (!isAggregation(aggregation)) {
    throw new ConfigError(`view '${name}': aggregation must be count(), sum(), lastValue() or distribution(bounds)`);
  }
  if (!areTagKeys(tagKeys)) {
    throw new ConfigError(`view '${name}': tagKeys must be different names of 1 to 255 printable ASCII characters`);
  }
  if (typeof description !== 'string') throw new ConfigError(`view '${name}': description must be a string`);
  const text = boundedText(description, LONGEST_DESCRIPTION);
  return Object.freeze({ name, description: text, measure, aggregation, tagKeys: Object.freeze([...tagKeys]) });
}

/** True for what `view` has made, by this copy of core or another. */
export function isView(value: unknown): value is View {
  try {
    const { name, description, measure, aggregation, tagKeys } = (value ?? {}) as Partial<View>;
    const hasTexts = isName(name) && typeof description === 'string' && areTagKeys(tagKeys);
    return hasTexts && isMeasure(measure) && isAggregation(aggregation);
  } catch {
    return false;
  }
}

function areTagKeys(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isName) && new Set(value).size === value.length;
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
