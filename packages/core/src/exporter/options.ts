import { ConfigError } from '../contract.ts';

/** One option of an exporter: how its value is read and what it is when nobody says. */
export interface Option<T> {
  /** Makes the value of what code gave; throws an Error that says what is wanted, without the value: 'must be ...'. */
  readonly check: (given: unknown) => T;
  /** Makes the value of an environment variable's text; throws likewise. */
  readonly parse: (text: string) => T;
  /** Environment variables that set it, the first that is not empty wins. */
  readonly env: readonly string[];
  readonly fallback: T;
  /** True for a value that only the environment may give, such as a deadline that becomes `delivery.attemptMs`. */
  readonly envOnly?: boolean;
}

interface Rule {
  /** An environment variable, or several in order of precedence. */
  readonly env?: string | readonly string[];
  readonly envOnly?: boolean;
}

/** An option read by `check`, and from the environment by `parse`. For what the ready-made ones below do not cover. */
export function option<T, D = T>(
  check: (given: unknown) => T,
  parse: (text: string) => T,
  fallback: D,
  rule: Rule = {},
): Option<T | D> {
  const env = typeof rule.env === 'string' ? [rule.env] : (rule.env ?? []);
  return { check, parse, env, fallback, envOnly: rule.envOnly ?? false };
}

/** A string. */
export function text<D>(fallback: D, rule?: Rule): Option<string | D> {
  return option<string, D>(
    (given) => (typeof given === 'string' ? given : fail('must be a string')),
    (value) => value,
    fallback,
    rule,
  );
}

/** true or false; in the environment 'true' or 'false', any case. */
export function flag<D>(fallback: D, rule?: Rule): Option<boolean | D> {
  return option<boolean, D>(
    (given) => (typeof given === 'boolean' ? given : fail('must be true or false')),
    (value) => (/^true$/i.test(value) ? true : /^false$/i.test(value) ? false : fail("must be 'true' or 'false'")),
    fallback,
    rule,
  );
}

/** A whole number from `min` to `max`. */
export function integer<D>(
  fallback: D,
  { min = 0, max = Number.MAX_SAFE_INTEGER, ...rule }: Rule & { readonly min?: number; readonly max?: number } = {},
): Option<number | D> {
  const within = (value: unknown): number =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? (value as number)
      : fail(`must be a whole number from ${min} to ${max}`);
  return option<number, D>(within, (value) => within(Number(value)), fallback, rule);
}

/** A whole number of milliseconds from 1 to 2^31 - 1, the most that a timer takes. */
export function milliseconds<D>(fallback: D, rule?: Rule): Option<number | D> {
  return integer(fallback, { min: 1, max: 2_147_483_647, ...rule });
}

/** One of the given words. */
export function oneOf<const W extends string, const D>(words: readonly W[], fallback: D, rule?: Rule): Option<W | D> {
  const known = (value: unknown): W =>
    words.includes(value as W) ? (value as W) : fail(`must be one of ${words.map((word) => `'${word}'`).join(', ')}`);
  return option<W, D>(known, known, fallback, rule);
}

/**
 * An absolute http or https URL. Credentials in it are kept; `httpSender` sends them as Basic authorization. One without
 * a path of its own gets `path`.
 */
export function httpUrl<D extends string | undefined>(
  fallback: D,
  { path, ...rule }: Rule & { readonly path?: string } = {},
): Option<URL | (D extends string ? URL : undefined)> {
  const read = (value: unknown): URL => {
    const url = value instanceof URL ? new URL(value) : parseUrl(String(value));
    if (url && path !== undefined && url.pathname === '/') url.pathname = path;
    if (url && /^https?:$/.test(url.protocol)) return url;
    return fail("must be an absolute URL that begins with 'http://' or 'https://'");
  };
  const first = (fallback === undefined ? undefined : new URL(fallback)) as D extends string ? URL : undefined;
  return option<URL, D extends string ? URL : undefined>(read, read, first, rule);
}

/** Request headers by name. What HTTP does not allow is refused here, so that no call fails for it. */
export function httpHeaders(rule?: Rule): Option<Readonly<Record<string, string>>> {
  const read = (given: unknown): Readonly<Record<string, string>> => {
    if (!isPlainObject(given)) return fail('must be an object of header names and values');
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(given)) {
      if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) fail('has a name that HTTP does not allow');
      if (typeof value !== 'string') fail(`must give a string for '${name}'`);
      if (!/^[\t -~\u0080-\u00ff]*$/.test(value)) fail(`has a character in '${name}' that HTTP does not allow`);
      headers[name.toLowerCase()] = value;
    }
    return headers;
  };
  const parse = (value: string): Readonly<Record<string, string>> =>
    read(
      Object.fromEntries(
        value.split(',').map((pair) => {
          const at = pair.indexOf('=');
          if (at < 1) fail("must look like 'name=value,name2=value2'");
          return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())];
        }),
      ),
    );
  return option(read, parse, {}, rule);
}

/** One request header whose value the user gives, such as a key: an object with that header, or `{}`. */
export function httpHeader(name: string, rule?: Rule): Option<Readonly<Record<string, string>>> {
  const read = (given: unknown): Readonly<Record<string, string>> =>
    typeof given === 'string' ? httpHeaders().check({ [name]: given }) : fail('must be a string');
  return option(read, read, {}, rule);
}

/** A value that only code can give: `check` makes it or throws an Error that says what is wanted. */
export function fromCode<T, D>(check: (given: unknown) => T, fallback: D): Option<T | D> {
  return option<T, D>(check, () => fail('cannot come from the environment'), fallback);
}

/** A function or object that is handed on as it is, such as `fetch` or an agent. `what` is its `typeof`. */
export function given<T>(what: 'function' | 'object'): Option<T | undefined> {
  const check = (value: unknown): T =>
    typeof value === what && value !== null ? (value as T) : fail(`must be ${what === 'object' ? 'an' : 'a'} ${what}`);
  return fromCode(check, undefined);
}

/** True for an object whose members are its own: no array, no Map, no object of a class. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The values of a set of options. */
export type Values<S extends Record<string, Option<unknown>>> = {
  readonly [K in keyof S]: S[K] extends Option<infer T> ? T : never;
};

/**
 * Reads an exporter's options: what code gave, else the environment, else the default. An empty variable counts as
 * unset; a wrong one is replaced by the default and becomes one of `warnings`, which the exporter hands to core.
 *
 * @throws ConfigError naming every option that code gave wrongly or that does not exist; it holds no value.
 */
export function readOptions<S extends Record<string, Option<unknown>>>(
  exporter: string,
  options: object | undefined,
  spec: S,
): { readonly options: Values<S>; readonly warnings: readonly string[] } {
  const wrong: string[] = [];
  const warnings: string[] = [];
  const values: Record<string, unknown> = {};
  if (options !== undefined && (typeof options !== 'object' || options === null)) {
    throw new ConfigError(`${exporter}: options must be an object`);
  }
  const from = (options ?? {}) as Record<string, unknown>;
  for (const name of Object.keys(from)) {
    if (!Object.hasOwn(spec, name) || spec[name]?.envOnly) wrong.push(`there is no option '${name}'`);
  }
  for (const [name, { check, parse, env, fallback, envOnly }] of Object.entries(spec)) {
    values[name] = fallback;
    const code = envOnly ? undefined : from[name];
    const variable = env.find((key) => process.env[key]?.trim());
    try {
      if (code !== undefined) values[name] = check(code);
      else if (variable !== undefined) values[name] = parse(process.env[variable]?.trim() ?? '');
    } catch (error) {
      const { message } = error as Error;
      if (code !== undefined) wrong.push(`'${name}' ${message}`);
      else warnings.push(`${variable} ${message}; the default is used`);
    }
  }
  if (wrong.length > 0) throw new ConfigError(`${exporter}: ${wrong.join('; ')}`);
  return { options: values as Values<S>, warnings };
}

function fail(message: string): never {
  throw new Error(message);
}

// URL.parse, which does not throw, is missing in Node 20.
function parseUrl(value: string): URL | undefined {
  try {
    return new URL(value);
  } catch {
    return undefined;
  }
}
