import type { Resource } from '@oc/core/exporter';
import { isSpecial } from './attributes.ts';
import type { Settings } from './settings.ts';
import type { SpanContext } from './span.ts';

/** Datadog's names for the labels by which it joins traces, metrics and logs. */
const ENVIRONMENT = ['deployment.environment.name', 'deployment.environment'] as const;
const VERSION = 'service.version';

interface Unified {
  readonly service: string;
  readonly env: string | undefined;
  readonly version: string | undefined;
}

/** What the environment says of service, deployment and version, else what the resource says. */
function unifiedOf({ labels }: Resource, { service, env, version }: Settings): Unified {
  return {
    service: service ?? labels['service.name'] ?? '',
    env: env ?? labels[ENVIRONMENT[0]] ?? labels[ENVIRONMENT[1]],
    version: version ?? labels[VERSION],
  };
}

/** What all spans of a process have in common: the tags, then the resource's labels, then DD_ENV and DD_VERSION. */
export function spanContextOf(resource: Resource, settings: Settings): SpanContext {
  const { service, env, version } = unifiedOf(resource, settings);
  const meta = new Map([...settings.tags, ...Object.entries(resource.labels)]);
  if (env) meta.set('env', env);
  if (version) meta.set('version', version);
  return {
    service,
    meta: [...meta].filter(([key]) => !isSpecial(key)),
    errorRule: settings.errorRule,
    priority: settings.keep === 'always' ? 2 : 1,
  };
}

/** What all metrics of a process have in common. Labels of the resource would be as many series as there are processes. */
export function metricTagsOf(resource: Resource, settings: Settings): ReadonlyMap<string, string> {
  const { service, env, version } = unifiedOf(resource, settings);
  const tags = new Map(settings.tags);
  if (service) tags.set('service', service);
  if (env) tags.set('env', env);
  if (version) tags.set('version', version);
  if (settings.entityId) tags.set('dd.internal.entity_id', settings.entityId);
  return tags;
}
