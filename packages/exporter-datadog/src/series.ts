import type { Row } from './points.ts';

/** The unit names of Datadog for the UCUM units that are usual here. */
const UNIT: Readonly<Record<string, string>> = {
  ns: 'nanosecond',
  us: 'microsecond',
  ms: 'millisecond',
  s: 'second',
  min: 'minute',
  h: 'hour',
  By: 'byte',
  bit: 'bit',
  KiBy: 'kibibyte',
  MiBy: 'mebibyte',
  GiBy: 'gibibyte',
  '%': 'percent',
};
const TYPE = { count: 1, gauge: 3 } as const;
const MICROS = 1_000_000;

interface Series {
  readonly metric: string;
  readonly type: 1 | 3;
  /** Seconds that a count covers. */
  readonly interval?: number;
  readonly points: [{ readonly timestamp: number; value: number }];
  readonly tags: readonly string[];
  readonly unit?: string;
  readonly resources: readonly [{ readonly type: 'host'; readonly name: string }];
}

/** A message in version 2 of the API's JSON. Of two points with one name, one time and the same tags it keeps the last. */
export function encodeSeries(rows: readonly Row[], host: string): string {
  const all = new Map<string, Series>();
  for (const { start, time, points } of rows) {
    for (const { name, type, value, tags, unit } of points) {
      const key = `${name}|${tags.join()}`;
      const [same] = all.get(key)?.points ?? [];
      if (same) {
        same.value = type === 'count' ? same.value + value : value;
        continue;
      }
      all.set(key, {
        metric: name,
        type: TYPE[type],
        ...(type === 'count' && { interval: Math.max(1, Math.round((time - (start ?? time)) / MICROS)) }),
        points: [{ timestamp: Math.floor(time / MICROS), value }],
        tags,
        ...(Object.hasOwn(UNIT, unit) && { unit: UNIT[unit] as string }),
        resources: [{ type: 'host', name: host }],
      });
    }
  }
  return JSON.stringify({ series: [...all.values()] });
}
