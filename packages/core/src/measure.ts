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

/** Makes a measure. @throws ConfigError for a name or type that is not allowed. */
export function measure({ name, unit = '1', description = '', type = 'double' }: MeasureOptions): Measure {
  if (!isName(name)) throw new ConfigError('measure: name must be 1 to 255 printable ASCII characters');
  if (type !== 'double' && type !== 'int64')
    throw new ConfigError(`measure '${name}': type must be 'double' or 'int64'`);
  if (typeof unit !== 'string' || typeof description !== 'string') {
    throw new ConfigError(`measure '${name}': unit and description must be strings`);
  }
  return Object.freeze({ name, unit, description, type });
}

/** True for 1 to 255 printable ASCII characters. */
export function isName(name: unknown): name is string {
  return typeof name === 'string' && /^[\x20-\x7e]{1,255}$/.test(name);
}
