import { boundedText } from './attributes.ts';
import type { Resource } from './contract.ts';

const LONGEST_LABEL = 255;

let instanceId: string | undefined;

/**
 * The resource of a telemetry. Labels are merged for each key: what code gives wins over OTEL_RESOURCE_ATTRIBUTES, and
 * that over OC_RESOURCE_LABELS. The service is the option, else OTEL_SERVICE_NAME, else the label 'service.name'.
 */
export function resourceOf(
  service: string | undefined,
  labels: Readonly<Record<string, string>>,
  warn: (message: string) => void,
): Resource {
  const { OC_RESOURCE_TYPE, OC_RESOURCE_LABELS, OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME } = process.env;
  const oc = parsed('OC_RESOURCE_LABELS', OC_RESOURCE_LABELS, quotedLabels, warn);
  const otel = parsed('OTEL_RESOURCE_ATTRIBUTES', OTEL_RESOURCE_ATTRIBUTES, percentLabels, warn);
  const merged = new Map<string, string>();
  // An empty label does not hide another one.
  for (const [key, value] of [...oc, ...otel, ...Object.entries(labels)]) {
    if (value !== undefined && (value !== '' || !merged.has(key))) merged.set(key, String(value));
  }
  const name = service || OTEL_SERVICE_NAME?.trim() || merged.get('service.name') || 'unknown_service:node';
  merged.set('service.name', name);
  // For each process and thread, since each of them loads this module anew.
  instanceId ??= newInstanceId();
  if (!merged.get('service.instance.id')) merged.set('service.instance.id', instanceId);
  const clean = [...merged]
    .filter(([key]) => key !== '')
    .map(([key, value]) => [boundedText(key, LONGEST_LABEL), boundedText(value, LONGEST_LABEL)]);
  const type = OC_RESOURCE_TYPE?.trim();
  return Object.freeze({ ...(type && { type }), labels: Object.freeze(Object.fromEntries(clean)) });
}

type Labels = readonly (readonly [string, string])[];

function parsed(
  name: string,
  value: string | undefined,
  parse: (text: string) => Labels | undefined,
  warn: (message: string) => void,
): Labels {
  if (!value?.trim()) return [];
  const labels = parse(value);
  if (!labels) warn(`${name} cannot be read; it is left out`);
  return labels ?? [];
}

/** `key="value",key2="v2"`, where `\"` is a quote and `\\` a backslash; undefined when any of it is wrong. */
function quotedLabels(text: string): Labels | undefined {
  const labels: [string, string][] = [];
  const pair = /([^="\\,]+)=\s*"((?:[^"\\]|\\["\\])*)"\s*(,|$)/y;
  while (pair.lastIndex < text.length) {
    const [, key = '', value = '', end] = pair.exec(text) ?? [];
    if (key.trim() === '') return undefined;
    labels.push([key.trim(), value.replace(/\\(["\\])/g, '$1')]);
    if (end === '') return labels;
  }
  return labels;
}

/** `key=value,key2=v2` with percent-encoded values (OpenTelemetry's form of W3C baggage). */
function percentLabels(text: string): Labels | undefined {
  try {
    return text.split(',').map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new Error('no key');
      return [decodeURIComponent(pair.slice(0, at).trim()), decodeURIComponent(pair.slice(at + 1).trim())] as const;
    });
  } catch {
    return undefined;
  }
}

/** A random UUID (version 4). Not by `crypto`, which costs milliseconds to load: the id has to differ, not to be secret. */
function newInstanceId(): string {
  return 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replace(/x/g, () => Math.floor(Math.random() * 16).toString(16));
}
