import type { networkInterfaces } from 'node:os';
import type { Resource } from '@oc/core/exporter';

/** A value of a tag of the process. */
export type ProcessTag = string | number | boolean;

/** What Jaeger shows with every span of a process. */
export interface Process {
  readonly serviceName: string;
  readonly tags: Readonly<Record<string, ProcessTag>>;
}

/** What the machine says of itself. */
export interface Host {
  readonly name: string;
  /** Undefined when it has none but those that stay within it. */
  readonly ip: string | undefined;
}

/** What is said of the process to Jaeger alone. */
export interface OwnWords {
  /** Its name where core knows none. */
  readonly serviceName: string | undefined;
  /** They win over the labels of the resource. */
  readonly tags: Readonly<Record<string, ProcessTag>>;
}

/** The process of a resource. */
export function processOf({ type, labels }: Resource, { serviceName, tags }: OwnWords, host: Host): Process {
  const { 'service.name': name = '', ...others } = labels;
  const isUnknown = name === '' || name.startsWith('unknown_service');
  return {
    serviceName: (isUnknown && serviceName) || name,
    tags: {
      // By these names Jaeger knows the machine; where `ip` differs it takes clocks for different ones.
      hostname: host.name,
      ...(host.ip !== undefined && { ip: host.ip }),
      ...(type && { 'opencensus.resourcetype': type }),
      ...others,
      ...tags,
    },
  };
}

/** Asks the system. By a module that is not loaded at start-up. */
export function hostOf(): Host {
  const { hostname, networkInterfaces } = process.getBuiltinModule('node:os');
  return { name: hostname(), ip: addressIn(networkInterfaces()) };
}

/** The first address that others may know, of IPv4 if there is one. */
export function addressIn(interfaces: ReturnType<typeof networkInterfaces>): string | undefined {
  const known = Object.values(interfaces).flatMap((each = []) => each.filter(({ internal }) => !internal));
  return (known.find(({ family }) => family === 'IPv4') ?? known[0])?.address;
}

/** Reads JAEGER_TAGS: `zone=eu,release=${RELEASE:none}`, where a name in braces is a variable, with its default. */
export function tagsOf(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(',').map((pair) => {
    const [, key = '', value = ''] = /^([^=]+)=(.*)$/s.exec(pair.trim()) ?? [];
    if (key === '') throw new Error("must look like 'name=value,name2=value2'");
    const [, variable, fallback = ''] = /^\$\{([^:}]+)(?::(.*))?\}$/s.exec(value.trim()) ?? [];
    return [key.trim(), variable === undefined ? value.trim() : process.env[variable] || fallback];
  });
  return Object.fromEntries(pairs);
}
