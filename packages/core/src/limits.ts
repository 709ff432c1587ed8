import { ConfigError } from './contract.ts';

/** How much a span, an attribute and a view may hold. Lengths are in characters (UTF-16 units), cut on code points. */
export interface Limits {
  /** Attributes of a span, an annotation or a link. Default 32. When full, the oldest goes and is counted. */
  readonly attributes: number;
  /** Annotations of a span. Default 32. */
  readonly annotations: number;
  /** Message events of a span. Default 128. */
  readonly messageEvents: number;
  /** Links of a span. Default 32. */
  readonly links: number;
  /** Default 1,024. */
  readonly nameLength: number;
  /** Default 256. */
  readonly keyLength: number;
  /** Default 8,192. */
  readonly valueLength: number;
  /** Of a recorded error's stack. Default 16,384. */
  readonly stackLength: number;
  /** Elements of an attribute that is an array. Default 128. */
  readonly arrayLength: number;
  /** Rows of a view; more go into one overflow row. Default 2,000. */
  readonly seriesPerView: number;
}

const DEFAULTS: Limits = {
  attributes: 32,
  annotations: 32,
  messageEvents: 128,
  links: 32,
  nameLength: 1_024,
  keyLength: 256,
  valueLength: 8_192,
  stackLength: 16_384,
  arrayLength: 128,
  seriesPerView: 2_000,
};

/** The given limits over the defaults. @throws ConfigError for one that is no whole number from 0, or does not exist. */
export function limitsOf(given: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULTS, name)) throw new ConfigError(`there is no limit '${name}'`);
    if (value !== undefined && !(Number.isInteger(value) && value >= 0)) {
      throw new ConfigError(`limits.${name} must be a whole number from 0`);
    }
  }
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...DEFAULTS, ...Object.fromEntries(set) };
}
