import { flag, fromCode, isPlainObject, type Metric, type Option, text, type View } from '@oc/core/exporter';
import { type Format, headText } from './format.ts';
import { LabelTexts, labelText } from './labels.ts';
import { type Family, type FamilyType, labelNames, metricName, type Names, withoutTotal } from './names.ts';
import { type RowStyle, rowTexts } from './rows.ts';

/** Options that say how views are shown. */
export interface ViewOptions {
  /** Goes before the name of each view, with a `_` between: 'shop' makes `shop_latency`. Default: none. */
  readonly prefix?: string | undefined;
  /** Labels of all series that do not have one of the name themselves. Default: none. */
  readonly constLabels?: Readonly<Record<string, string>> | undefined;
  /**
   * Counters keep the names of their views, as OpenCensus's exporters had them, in place of names that end in `_total`:
   * for dashboards that are there already. OpenMetrics then declares them `unknown`. Default false.
   */
  readonly legacyNames?: boolean | undefined;
}

/** Labels by their names. */
type Labels = Readonly<Record<string, string>>;

/** How `ViewOptions` are read. */
export const VIEW_SPEC: {
  readonly prefix: Option<string>;
  readonly constLabels: Option<Labels>;
  readonly legacyNames: Option<boolean>;
} = {
  prefix: text(''),
  constLabels: fromCode(checkedLabels, {}),
  legacyNames: flag(false),
};

/** How views are shown. */
export interface ViewStyle {
  readonly prefix: string;
  /** By names that Prometheus allows. */
  readonly constLabels: Labels;
  readonly legacyNames: boolean;
  readonly appendTimestamp: boolean;
  /** Names that no label of a view may have. */
  readonly reservedLabels?: readonly string[] | undefined;
}

/** What is worked out once for a view. */
export interface ShownView {
  readonly family: Family;
  readonly labelNames: readonly string[];
  readonly constLabels: Labels;
  readonly texts: LabelTexts;
}

const TYPE: Readonly<Record<Metric['type'], FamilyType>> = {
  cumulative: 'counter',
  gauge: 'gauge',
  distribution: 'histogram',
};

const METRIC_TYPE: Readonly<Record<View['aggregation']['type'], Metric['type']>> = {
  count: 'cumulative',
  sum: 'cumulative',
  lastValue: 'gauge',
  distribution: 'distribution',
};

/** The views of one telemetry as families of Prometheus. What is known of a view goes when the view goes. */
export class Views {
  readonly #names: Names;
  readonly #style: ViewStyle;
  readonly #shown = new WeakMap<readonly string[], ShownView & { readonly of: string }>();

  constructor(names: Names, style: ViewStyle) {
    this.#names = names;
    this.#style = style;
  }

  /** Gives names to views in the order of their registration, before one that has no rows yet could lose its own. */
  name(views: readonly View[]): void {
    for (const view of views) this.familyOf(view);
  }

  /** A view's family; undefined for an aggregation that this version does not know. */
  familyOf({ name, description, aggregation }: View): Family | undefined {
    if (!Object.hasOwn(METRIC_TYPE, aggregation.type)) return undefined;
    return this.#family({ name, description, type: METRIC_TYPE[aggregation.type] });
  }

  /** A metric as it is shown; undefined for a type that this version does not know. */
  shown(metric: Metric): ShownView | undefined {
    if (!Object.hasOwn(TYPE, metric.type)) return undefined;
    const known = this.#shown.get(metric.labelKeys);
    if (known?.of === metric.name) return known;
    const { constLabels: all, reservedLabels = [] } = this.#style;
    const reserved = metric.type === 'distribution' ? [...reservedLabels, 'le', 'quantile'] : reservedLabels;
    const names = labelNames(metric.labelKeys, reserved);
    // A tag says more than a label that is the same everywhere.
    const constLabels = Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)));
    const constant = labelText(Object.keys(constLabels), Object.values(constLabels));
    const family = this.#family(metric);
    const shown = {
      of: metric.name,
      family,
      labelNames: names,
      constLabels,
      texts: new LabelTexts(names, constant),
    };
    this.#shown.set(metric.labelKeys, shown);
    return shown;
  }

  /** A metric as text: its head, then one text a row. */
  *texts(metric: Metric, format: Format): Generator<string> {
    const shown = this.shown(metric);
    if (!shown) return;
    const { family, texts: labels } = shown;
    const style: RowStyle = { family, labels, format, stamped: this.#style.appendTimestamp };
    yield headText(family, format);
    yield* rowTexts(metric, style);
  }

  #family({ name, description, type }: Pick<Metric, 'name' | 'description' | 'type'>): Family {
    const { prefix, legacyNames } = this.#style;
    const full = metricName(name, prefix);
    const bare = type === 'cumulative' ? withoutTotal(full) : full;
    const isTotal = type === 'cumulative' && (bare !== full || !legacyNames);
    const family = { name: bare, sample: isTotal ? `${bare}_total` : full, type: TYPE[type], help: description };
    return this.#names.family(`view '${name}'`, family);
  }
}

function checkedLabels(labels: unknown): Labels {
  if (!isPlainObject(labels) || !Object.values(labels).every((value) => typeof value === 'string')) {
    throw new Error('must be an object of label names and texts');
  }
  const names = labelNames(Object.keys(labels), ['le', 'quantile']);
  return Object.fromEntries(Object.values(labels).map((value, i) => [names[i], (value as string).toWellFormed()]));
}
