import type { DeliveryOptions, DeliverySettings } from './contract.ts';
import { fromCode, integer, milliseconds, oneOf, readOptions } from './exporter/options.ts';

const SIGNALS = ['spans', 'metrics'] as const;

const DELIVERY = {
  signals: fromCode((given): DeliveryOptions['signals'] => {
    if (Array.isArray(given) && given.every((signal) => SIGNALS.includes(signal))) return given;
    throw new Error("must be a list of 'spans' and 'metrics'");
  }, SIGNALS),
  batchItems: integer(512, { min: 1 }),
  batchDelayMs: integer(1_000, { max: 2_147_483_647 }),
  queueItems: integer(65_536, { min: 1 }),
  queueBytes: integer(64 * 1_024 * 1_024, { min: 1 }),
  maxInFlight: integer(4, { min: 1 }),
  attemptMs: milliseconds(10_000),
  retryForMs: integer(300_000),
  metricsEveryMs: milliseconds(60_000, { env: 'OTEL_METRIC_EXPORT_INTERVAL' }),
  dropWhenFull: oneOf(['newest', 'oldest'], 'newest'),
};

/** The user's options over the exporter's over the defaults. @throws ConfigError naming every option that is wrong. */
export function deliveryOptionsOf(
  exporter: string,
  ofExporter: DeliverySettings | undefined,
  ofUser: DeliverySettings | undefined,
  warn: (message: string) => void,
): DeliveryOptions {
  const given = Object.fromEntries(Object.entries(ofUser ?? {}).filter(([, value]) => value !== undefined));
  const { options, warnings } = readOptions(`delivery of ${exporter}`, { ...ofExporter, ...given }, DELIVERY);
  for (const warning of warnings) warn(warning);
  return options;
}

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

const LIMITS = {
  attributes: integer(32),
  annotations: integer(32),
  messageEvents: integer(128),
  links: integer(32),
  nameLength: integer(1_024),
  keyLength: integer(256),
  valueLength: integer(8_192),
  stackLength: integer(16_384),
  arrayLength: integer(128),
  seriesPerView: integer(2_000),
};

/** The given limits over the defaults. @throws ConfigError naming every one that is wrong. */
export function limitsOf(given?: Partial<Limits>): Limits {
  return readOptions('limits', given, LIMITS).options;
}
