import { boundedText } from './attributes.ts';
import { ConfigError } from './contract.ts';

/** Something that is measured: a name for numbers. It holds no data and may be shared. */
export interface Measure {
  readonly name: string;
  readonly description: string;
  /** A UCUM unit: 'ms', 'By', '1'. */
  readonly unit: string;
  readonly type: 'double' | 'int64';
}

/** How a measure is described. */
export interface MeasureOptions {
  /** 1 to 255 printable ASCII characters. */
  readonly name: string;
  /** A UCUM unit. Default '1'. */
  readonly unit?: string | undefined;
  readonly description?: string | undefined;
  /** Measurements of an 'int64' are cut to whole numbers. Default 'double'. */
  readonly type?: 'double' | 'int64' | undefined;
}

/** Makes a measure. @throws ConfigError for a name, type or text that is not allowed. */
export function measure(options: MeasureOptions): Measure {
  const { name, unit = '1', description = '', type = 'double' } = options ?? {};
  if (!isName(name)) throw new ConfigError('measure: name must be 1 to 255 printable ASCII characters');
  if (type !== 'double' && type !== 'int64')
    throw new ConfigError(`measure '${name}': type must be 'double' or 'int64'`);
  if (typeof unit !== 'string' || typeof description !== 'string') {
    throw new ConfigError(`measure '${name}': unit and description must be strings`);
  }
  const text = boundedText(description, LONGEST_DESCRIPTION);
  return Object.freeze({ name, unit: boundedText(unit, LONGEST_UNIT), description: text, type });
}

/** Longer descriptions, of views too, are cut. */
export const LONGEST_DESCRIPTION = 1_024;
const LONGEST_UNIT = 255;

/** True for what `measure` has made, by this copy of core or another. */
export function isMeasure(value: unknown): value is Measure {
  const { name, unit, description, type } = (value ?? {}) as Partial<Measure>;
  const areTexts = typeof unit === 'string' && typeof description === 'string';
  return isName(name) && areTexts && (type === 'double' || type === 'int64');
}

/** True for 1 to 255 printable ASCII characters. */
export function isName(name: unknown): name is string {
  return typeof name === 'string' && /^[\x20-\x7e]{1,255}$/.test(name);
}
