import { ConfigError, type DeliveryOptions } from './contract.ts';

const LONGEST_MS = 2_147_483_647;

/** The least and the most of each delivery option that is a number. */
const RANGES = {
  batchItems: [1, 1_000_000],
  batchDelayMs: [0, LONGEST_MS],
  queueItems: [1, 100_000_000],
  queueBytes: [1, Number.MAX_SAFE_INTEGER],
  maxInFlight: [1, 1_000],
  attemptMs: [1, LONGEST_MS],
  retryForMs: [0, Number.MAX_SAFE_INTEGER],
  metricsEveryMs: [1, LONGEST_MS],
} as const;

const DEFAULTS: DeliveryOptions = {
  signals: ['spans', 'metrics'],
  batchItems: 512,
  batchDelayMs: 1_000,
  queueItems: 65_536,
  queueBytes: 64 * 1_024 * 1_024,
  maxInFlight: 4,
  attemptMs: 10_000,
  retryForMs: 300_000,
  metricsEveryMs: 60_000,
  dropWhenFull: 'newest',
};

/** The defaults, with OTEL_METRIC_EXPORT_INTERVAL. */
export function deliveryDefaults(warn: (message: string) => void): DeliveryOptions {
  const interval = process.env.OTEL_METRIC_EXPORT_INTERVAL?.trim();
  if (!interval) return DEFAULTS;
  if (isWithin('metricsEveryMs', Number(interval))) return { ...DEFAULTS, metricsEveryMs: Number(interval) };
  warn(`OTEL_METRIC_EXPORT_INTERVAL must be a whole number of milliseconds from 1; ${DEFAULTS.metricsEveryMs} is used`);
  return DEFAULTS;
}

/** The user's options over the exporter's over the defaults. @throws ConfigError naming every option that is wrong. */
export function deliveryOptionsOf(
  exporter: string,
  defaults: DeliveryOptions,
  ...given: readonly (Partial<DeliveryOptions> | undefined)[]
): DeliveryOptions {
  const options: Record<string, unknown> = { ...defaults };
  for (const some of given) {
    for (const [name, value] of Object.entries(some ?? {})) if (value !== undefined) options[name] = value;
  }
  const wrong = Object.keys(options)
    .filter((name) => !Object.hasOwn(DEFAULTS, name))
    .map((name) => `there is no option '${name}'`);
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    if (!isWithin(name as keyof typeof RANGES, options[name]))
      wrong.push(`'${name}' must be a whole number from ${least} to ${most}`);
  }
  const { signals, dropWhenFull } = options as Partial<DeliveryOptions>;
  if (!Array.isArray(signals) || !signals.every((signal) => signal === 'spans' || signal === 'metrics')) {
    wrong.push("'signals' must be a list of 'spans' and 'metrics'");
  }
  if (dropWhenFull !== 'newest' && dropWhenFull !== 'oldest') wrong.push("'dropWhenFull' must be 'newest' or 'oldest'");
  if (wrong.length > 0) throw new ConfigError(`delivery of ${exporter}: ${wrong.join('; ')}`);
  return options as unknown as DeliveryOptions;
}

function isWithin(name: keyof typeof RANGES, value: unknown): boolean {
  const [least, most] = RANGES[name];
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}
