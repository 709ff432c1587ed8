import { type Clock, systemClock } from './clock.ts';
import type { DeliveryOptions, DeliverySettings, Exporter, Problem } from './contract.ts';
import type { DrainEvent } from './exit.ts';
import { fromCode, given, integer, isPlainObject, milliseconds, oneOf, readOptions, text } from './exporter/options.ts';
import type { Sampler } from './span.ts';
import type { TelemetryOptions } from './telemetry.ts';
import { isView, type View } from './view.ts';

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

const FLUSH_ON: readonly unknown[] = ['beforeExit', 'SIGTERM', 'SIGINT'] satisfies DrainEvent[];

type WithDelivery = readonly [Exporter, DeliverySettings];

/** Telemetry's options once they are read. */
export interface TelemetrySettings {
  readonly service: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly exporters: readonly WithDelivery[];
  readonly views: readonly View[];
  readonly sampler: Sampler | undefined;
  readonly limits: Partial<Limits> | undefined;
  readonly flushOn: readonly DrainEvent[];
  readonly clock: Clock;
  readonly onError: ((problem: Problem) => void) | undefined;
}

const TELEMETRY = {
  service: text(undefined),
  labels: fromCode(
    (given) =>
      isPlainObject(given) ? (given as Record<string, string>) : fail('must be an object of names and texts'),
    {},
  ),
  exporters: fromCode(
    (given) => listOf(given, 'exporters', 'exporters, each alone or in a pair with delivery options', withDelivery),
    [],
  ),
  views: fromCode(
    (given) => listOf(given, 'views', 'views made by view()', (each) => (isView(each) ? each : undefined)),
    [],
  ),
  sampler: fromCode(
    (given) =>
      typeof (given as Partial<Sampler> | null)?.sample === 'function' ? (given as Sampler) : fail('must be a sampler'),
    undefined,
  ),
  limits: fromCode(
    (given) => (isPlainObject(given) ? (given as Partial<Limits>) : fail('must be an object')),
    undefined,
  ),
  flushOn: fromCode(
    (given) =>
      listOf(given, 'flushOn', `'beforeExit', 'SIGTERM' and 'SIGINT'`, (each) =>
        FLUSH_ON.includes(each) ? (each as DrainEvent) : undefined,
      ),
    ['beforeExit'] as const,
  ),
  clock: fromCode((given) => given as Clock, systemClock),
  onError: given<(problem: Problem) => void>('function'),
};

/** The user's options with the defaults. @throws ConfigError naming every one that is wrong or does not exist. */
export function telemetryOptionsOf(given: TelemetryOptions): TelemetrySettings {
  return readOptions('telemetry', given, TELEMETRY).options;
}

function listOf<T>(given: unknown, name: string, what: string, read: (each: unknown) => T | undefined): readonly T[] {
  if (!Array.isArray(given)) return fail(`must be a list of ${what}`);
  const list = given.map(read);
  const wrong = list.indexOf(undefined);
  return wrong < 0 ? (list as T[]) : fail(`must be a list of ${what}; ${name}[${wrong}] is none`);
}

function withDelivery(given: unknown): WithDelivery | undefined {
  const [exporter, own = {}] = (Array.isArray(given) ? given : [given]) as unknown as WithDelivery;
  const isExporter = typeof exporter === 'object' && typeof exporter?.name === 'string' && exporter.name !== '';
  return isExporter && isPlainObject(own) ? [exporter, own] : undefined;
}

function fail(message: string): never {
  throw new Error(message);
}
