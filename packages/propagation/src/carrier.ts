/**
 * The text of a header, undefined when it is absent. Several values arrive as HTTP joins them, with a comma between;
 * the bytes of one whose name ends in `-bin` as base64.
 */
export type HeaderGetter = (name: string) => string | undefined;

/** A header to send, its name in lower case. The value of one whose name ends in `-bin` is base64. */
export type HeaderPair = readonly [name: string, value: string];

/** The methods by which a carrier is known; one without them is a plain object with a property for each header. */
interface Shape {
  /** Of ClientRequest, ServerResponse and the frameworks' responses. */
  readonly setHeader?: (name: string, value: string) => unknown;
  readonly removeHeader?: (name: string) => unknown;
  /** Of Headers, Map and gRPC's Metadata. */
  readonly get?: (name: string) => unknown;
  readonly set?: (name: string, value: string | Uint8Array) => unknown;
  readonly delete?: (name: string) => unknown;
  /** Of Metadata alone, which takes bytes for `-bin`. */
  readonly getMap?: unknown;
  readonly remove?: (name: string) => unknown;
  /** Of IncomingMessage and fetch's Request: the carrier is in there. */
  readonly headers?: unknown;
}

/** Reads headers of a carrier of any shape. */
export function getterOf(carrier: object): HeaderGetter {
  const shape = carrier as Shape;
  if (typeof shape.get === 'function') return (name) => textOf(shape.get?.(name), name);
  if (isObject(shape.headers)) return getterOf(shape.headers);
  const values = carrier as Readonly<Record<string, unknown>>;
  return (name) => {
    let found: string | undefined;
    for (const key of Object.keys(values)) {
      if (!isSpelling(key, name)) continue;
      const text = textOf(values[key], name);
      if (text !== undefined) found = found === undefined ? text : `${found},${text}`;
    }
    return found;
  };
}

/** Puts headers on a carrier of any shape, in place of all that it had under the names in `fields`. */
export function put(carrier: object, fields: readonly string[], pairs: readonly HeaderPair[]): void {
  const { remove, set } = editorOf(carrier);
  for (const field of fields) remove(field);
  for (const [name, value] of pairs) set(name, value);
}

interface Editor {
  remove(name: string): void;
  set(name: string, value: string): void;
}

function editorOf(carrier: object): Editor {
  const shape = carrier as Shape;
  if (typeof shape.setHeader === 'function') {
    return {
      remove: (name) => shape.removeHeader?.(name),
      set: (name, value) => shape.setHeader?.(name, value),
    };
  }
  if (typeof shape.set === 'function') {
    const isMetadata = typeof shape.getMap === 'function';
    return {
      remove: (name) => (isMetadata ? shape.remove?.(name) : shape.delete?.(name)),
      set: (name, value) => shape.set?.(name, isMetadata && isBinary(name) ? Buffer.from(value, 'base64') : value),
    };
  }
  if (isObject(shape.headers)) return editorOf(shape.headers);
  const values = carrier as Record<string, unknown>;
  return {
    remove: (name) => {
      for (const key of Object.keys(values)) if (isSpelling(key, name)) delete values[key];
    },
    set: (name, value) => {
      values[name] = value;
    },
  };
}

/** Names of headers are the same in upper and lower case, keys of an object are not. */
function isSpelling(key: string, name: string): boolean {
  return key.length === name.length && (key === name || key.toLowerCase() === name);
}

/** Values are text; lists of Node's headers and of Metadata; bytes in Metadata and in the headers of message queues. */
function textOf(value: unknown, name: string): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) {
    const texts = value.map((each) => textOf(each, name)).filter((text) => text !== undefined);
    return texts.length > 0 ? texts.join(',') : undefined;
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString(isBinary(name) ? 'base64' : 'latin1');
  return undefined;
}

function isBinary(name: string): boolean {
  return name.endsWith('-bin');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
