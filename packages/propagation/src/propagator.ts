import { ConfigError, type Span, type SpanContext, stats, type Tags, tracer } from '@oc/core';
import { baggage } from './baggage.ts';
import { getterOf, type HeaderGetter, type HeaderPair, put } from './carrier.ts';
import { type Format, remoteContext } from './context.ts';
import type { ReceivedTags, TagFormat } from './tags.ts';
import { w3c } from './w3c.ts';

/** Options of `propagator`. */
export interface PropagatorOptions {
  /** How contexts travel: all are sent, and the first that decodes is taken. Default: `[w3c()]`. */
  readonly formats?: readonly Format[] | undefined;
  /** How tags travel: all are sent, and the first that decodes is taken. Default: `[baggage()]`. */
  readonly tagFormats?: readonly TagFormat[] | undefined;
}

/**
 * Puts contexts and tags on carriers and takes them off. A carrier is a plain object with a property for each header, or
 * has the methods of Headers, Map, node:http's messages, fetch's Request or gRPC's Metadata. No method throws.
 */
export interface Propagator {
  /**
   * Puts the headers of a context on the carrier, in place of what it had there, and returns the carrier. Without a
   * current span, or with a context that is not valid, it leaves the carrier as it is.
   */
  inject<T extends object>(carrier: T, from?: Span | SpanContext | undefined): T;
  /** The context on the carrier, with `remote: true`: a span's `parent`. */
  extract(carrier: object | null | undefined): SpanContext | undefined;
  /**
   * Puts the headers of tags on the carrier, in place of what it had there, and returns the carrier. Without `tags` those
   * of the current context.
   */
  injectTags<T extends object>(carrier: T, tags?: Tags | undefined): T;
  /** The tags on the carrier: what `stats.withTags` takes. Without any it is empty. */
  extractTags(carrier: object | null | undefined): ReceivedTags;
}

/**
 * A propagator of the given formats.
 *
 * @throws ConfigError for an option that there is not, and for what is no format.
 */
export function propagator(options: PropagatorOptions = {}): Propagator {
  const unknown = Object.keys(options).filter((name) => name !== 'formats' && name !== 'tagFormats');
  if (unknown.length > 0) throw new ConfigError(`propagator: there is no option '${unknown.join("', '")}'`);
  const formats = checked('formats', options.formats ?? [w3c()]);
  const tagFormats = checked('tagFormats', options.tagFormats ?? [baggage()]);
  return {
    inject(carrier, from) {
      const context = attempt(() => validOf(contextOf(from)));
      if (context) send(carrier, formats, (format) => format.encode(context));
      return carrier;
    },

    extract(carrier) {
      return receive(carrier, formats, (format, get) => validOf(format.decode(get)));
    },

    injectTags(carrier, tags) {
      const texts = attempt(() => textsOf(tags ?? stats.tags()));
      if (texts) send(carrier, tagFormats, (format) => format.encode(texts));
      return carrier;
    },

    extractTags(carrier) {
      return receive(carrier, tagFormats, (format, get) => format.decode(get)) ?? {};
    },
  };
}

function checked<T extends Format | TagFormat>(option: string, formats: readonly T[]): readonly T[] {
  const isFormat = (each: Partial<T> | undefined): boolean =>
    Array.isArray(each?.fields) && typeof each.encode === 'function' && typeof each.decode === 'function';
  if (!Array.isArray(formats) || !formats.every(isFormat)) {
    const example = option === 'formats' ? 'w3c' : 'baggage';
    throw new ConfigError(`propagator: ${option} must be a list of formats, such as [${example}()]`);
  }
  return [...formats];
}

function contextOf(from: Span | SpanContext | undefined): SpanContext | undefined {
  const given = from ?? tracer.current();
  return given && ('context' in given ? given.context : given);
}

/** Holds what users' own formats and spans give to the same rules. */
function validOf(context: SpanContext | undefined): SpanContext | undefined {
  if (!context) return undefined;
  const { traceId, spanId, sampled, traceState } = context;
  return remoteContext(traceId, spanId, sampled === true, typeof traceState === 'string' ? traceState : undefined);
}

function textsOf(tags: Tags): ReceivedTags {
  const pairs = Object.entries(tags).filter(([, value]) => /^(string|number|boolean)$/.test(typeof value));
  return Object.fromEntries(pairs.map(([key, value]) => [key, String(value)]));
}

function send<F extends Format | TagFormat>(
  carrier: object,
  formats: readonly F[],
  encode: (format: F) => readonly HeaderPair[],
): void {
  const fields: string[] = [];
  const pairs: HeaderPair[] = [];
  for (const format of formats) {
    fields.push(...format.fields);
    pairs.push(...(attempt(() => encode(format)) ?? []));
  }
  attempt(() => put(carrier, fields, pairs));
}

function receive<F extends Format | TagFormat, T>(
  carrier: object | null | undefined,
  formats: readonly F[],
  decode: (format: F, get: HeaderGetter) => T | undefined,
): T | undefined {
  const get = carrier && attempt(() => getterOf(carrier));
  if (!get) return undefined;
  for (const format of formats) {
    const found = attempt(() => decode(format, get));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What strangers send, and carriers that take nothing any more, must not hurt the application. */
function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
