import { readFile, stat } from 'node:fs/promises';

/** What an Agent is told of the process that sends to it. */
export interface Origin {
  /** The version of this package. */
  readonly version: string;
  /** The id of the container that the process runs in. */
  readonly container?: string | undefined;
  /** By what an Agent finds the container: 'ci-' and its id, or 'in-' and the inode of its control group. */
  readonly entity?: string | undefined;
}

// 64 hex digits, or the forms of Amazon's ECS and Fargate, and of a UUID, at the end of a path.
const ID = [
  '[0-9a-f]{64}',
  '[0-9a-f]{32}-\\d+',
  '[0-9a-f]{8}(?:-[0-9a-f]{4}){4}',
  '[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}',
];
const CONTAINER = new RegExp(`(?:^|[^0-9a-f])(${ID.join('|')})(?:\\.scope)?$`);
/** The number of the machine's own namespace of control groups, fixed in Linux. */
const NAMESPACE_OF_HOST = 0xeffffffb;

/** Reads it from the files of Linux that are below `root`; what is not there is left out. */
export async function readOrigin(root = ''): Promise<Origin> {
  const [version, groups] = await Promise.all([
    readVersion(),
    orUndefined(readFile(`${root}/proc/self/cgroup`, 'utf8')),
  ]);
  const paths = (groups ?? '').split('\n').map((line) => line.replace(/^\d+:[^:]*:/, ''));
  const container = paths.map((path) => CONTAINER.exec(path)?.[1]).find((id) => id !== undefined);
  if (container) return { version, container, entity: `ci-${container}` };
  const namespace = await orUndefined(stat(`${root}/proc/self/ns/cgroup`));
  // In a namespace of its own, a container sees its control group as the root of all.
  if (!namespace || namespace.ino === NAMESPACE_OF_HOST) return { version };
  const group = await orUndefined(stat(`${root}/sys/fs/cgroup`));
  return group ? { version, entity: `in-${group.ino}` } : { version };
}

/** Of package.json, which is not beside this file any more when an application has been bundled. */
async function readVersion(): Promise<string> {
  const file = await orUndefined(readFile(new URL('../package.json', import.meta.url), 'utf8').then(JSON.parse));
  const { name, version } = (file ?? {}) as { readonly name?: string; readonly version?: string };
  return (name === '@oc/exporter-datadog' && version) || 'bundled';
}

async function orUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch {
    return undefined;
  }
}
