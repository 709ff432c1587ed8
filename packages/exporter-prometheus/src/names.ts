/** What a family is to Prometheus. In the text format 'info' is a gauge. */
export type FamilyType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'info' | 'unknown';

/** Samples of one name and type: what one view becomes. */
export interface Family {
  /** As OpenMetrics names it, without `_total` or `_info`: 'shop_hits'. */
  readonly name: string;
  /** The name of its plain sample, which in the text format names the family too: 'shop_hits_total'. */
  readonly sample: string;
  readonly type: FamilyType;
  readonly help: string;
}

// The names that a family takes, beside its own: no other may have them (OpenMetrics 1.0, "MetricFamily").
const SUFFIXES: Readonly<Record<FamilyType, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [],
  histogram: ['_bucket', '_sum', '_count', '_created'],
  summary: ['_sum', '_count', '_created'],
  info: ['_info'],
  unknown: [],
};

/** A metric's name: letters, digits and `_`. A colon is for the rules of the one who runs Prometheus. */
export function metricName(name: string, prefix = ''): string {
  const clean = (prefix ? `${prefix}_${name}` : name).replace(/\W/gu, '_');
  return /^\d|^$/.test(clean) ? `_${clean}` : clean;
}

/** A counter's name as OpenMetrics has it: its sample ends in `_total`, its family does not. */
export function withoutTotal(name: string): string {
  return name.replace(/(?<=.)_total$/, '');
}

/**
 * The names of labels, in the order of their keys: those that become equal get `_2`, `_3`, and those in `reserved` end in
 * `_`. A name that begins with `__` is Prometheus's own.
 */
export function labelNames(keys: readonly string[], reserved: readonly string[] = []): readonly string[] {
  const taken = new Set<string>(reserved);
  return keys.map((key) => {
    const clean = metricName(key).replace(/^__+/, '_');
    const wanted = reserved.includes(clean) ? `${clean}_` : clean;
    const name = freeName(wanted, (name) => !taken.has(name));
    taken.add(name);
    return name;
  });
}

/** Which names are taken, and by whom: an owner keeps the name that it was given. */
export class Names {
  readonly #taken = new Map<string, string>();
  readonly #families = new Map<string, Family>();
  readonly #warn: (message: string) => void;

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  /** The family of an owner, such as "view 'shop/hits'". It is renamed when an earlier one has a name that it needs. */
  family(owner: string, { name: wanted, sample, type, help }: Family): Family {
    const known = this.#families.get(owner);
    if (known) return known;
    const clashOf = (name: string): string | undefined => namesOf(name, type).find((each) => this.#taken.has(each));
    const name = freeName(wanted, (each) => clashOf(each) === undefined);
    const family = { name, sample: name + sample.slice(wanted.length), type, help };
    const clash = clashOf(wanted);
    if (clash) this.#warn(`${owner} is shown as '${family.sample}': ${this.#taken.get(clash)} has the name '${clash}'`);
    for (const each of namesOf(name, type)) this.#taken.set(each, owner);
    this.#families.set(owner, family);
    return family;
  }
}

function namesOf(name: string, type: FamilyType): readonly string[] {
  return [name, ...SUFFIXES[type].map((suffix) => name + suffix)];
}

function freeName(wanted: string, isFree: (name: string) => boolean): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}_${number}`;
    if (isFree(name)) return name;
  }
}
