import { isIPv4, isIPv6 } from 'node:net';

// The rules of Zipkin's published API for version 2, for what its servers take without a word. Stricter in one thing:
// a member that the API does not name is a fault, and so is a `shared` span that is no server's.

type Rule = (value: unknown) => boolean;

const isText: Rule = (value) => typeof value === 'string';
const isBoolean: Rule = (value) => typeof value === 'boolean';
const isWhole: Rule = (value) => Number.isInteger(value) && Number(value) >= 1;
const isId: Rule = (value) => isText(value) && /^(?!0+$)[0-9a-f]{16}$/.test(`${value}`);
const oneOf =
  (...words: string[]): Rule =>
  (value) =>
    words.includes(value as string);

interface Shape {
  readonly required: Readonly<Record<string, Rule>>;
  readonly optional: Readonly<Record<string, Rule>>;
}

const endpoint: Shape = {
  required: {},
  optional: {
    serviceName: (value) => isText(value) && value !== '',
    ipv4: (value) => isIPv4(`${value}`),
    ipv6: (value) => isIPv6(`${value}`),
    port: (value) => isWhole(value) && Number(value) <= 65_535,
  },
};
const annotation: Shape = { required: { timestamp: isWhole, value: isText }, optional: {} };
const span: Shape = {
  required: { traceId: (value) => isText(value) && /^(?!0+$)([0-9a-f]{16}){1,2}$/.test(`${value}`), id: isId },
  optional: {
    parentId: isId,
    kind: oneOf('CLIENT', 'SERVER', 'PRODUCER', 'CONSUMER'),
    name: isText,
    timestamp: isWhole,
    duration: isWhole,
    localEndpoint: (value) => fits(value, endpoint) && Object.keys(value as object).length > 0,
    remoteEndpoint: (value) => fits(value, endpoint) && Object.keys(value as object).length > 0,
    annotations: (value) => Array.isArray(value) && value.every((each) => fits(each, annotation)),
    tags: (value) => isObject(value) && Object.values(value).every(isText),
    debug: isBoolean,
    shared: isBoolean,
  },
};

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fits(value: unknown, shape: Shape): boolean {
  return isObject(value) && faultsOf(value, shape).length === 0;
}

function faultsOf(value: Readonly<Record<string, unknown>>, { required, optional }: Shape): string[] {
  const missing = Object.keys(required).filter((name) => value[name] === undefined);
  const rules = new Map(Object.entries({ ...required, ...optional }));
  const wrong = Object.entries(value).filter(([name, member]) => !rules.get(name)?.(member));
  return [
    ...missing.map((name) => `no ${name}`),
    ...wrong.map(([name, member]) => `${name}: ${JSON.stringify(member)}`),
  ];
}

/** What the spans of a message have against the rules, each with the place of its span. */
export function faultsIn(message: unknown): string[] {
  if (!Array.isArray(message)) return ['no list'];
  return message.flatMap((each: unknown, at) => {
    if (!isObject(each)) return [`${at}: no span`];
    const faults = faultsOf(each, span);
    if (each.parentId === each.id) faults.push('its own parent');
    if (each.shared === true && each.kind !== 'SERVER') faults.push('shared, but no server');
    return faults.map((fault) => `${at}: ${fault}`);
  });
}
