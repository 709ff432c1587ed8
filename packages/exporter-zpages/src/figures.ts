// Numbers and times as people read them. All are made for columns: few digits, the unit always there.

/** '850 µs', '12.3 ms', '1.24 s', '3 m 05 s', '2 h 07 m'. */
export function duration(micros: number): string {
  if (!Number.isFinite(micros)) return String(micros);
  const us = Math.max(0, micros);
  if (us < 999.5) return `${Math.round(us)} µs`;
  if (us < 999_500) return `${threeDigits(us / 1_000)} ms`;
  if (us < 59_995_000) return `${threeDigits(us / 1_000_000)} s`;
  const seconds = Math.round(us / 1_000_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} m ${twoDigits(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} m`;
  return `${Math.round(minutes / 1_440)} d`;
}

/** '0', '12.3', '1,234', '4.20 M'. */
export function amount(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e6) {
    if (size >= 1e21) return value.toExponential(2);
    const step = Math.min(4, Math.floor(Math.log10(size) / 3) - 2);
    return `${threeDigits(value / 10 ** (3 * step + 6))} ${'MGTPE'[step]}`;
  }
  if (Number.isInteger(value)) return grouped(value);
  if (size >= 1_000) return grouped(Math.round(value));
  return size < 0.001 ? value.toExponential(1) : threeDigits(value);
}

/** A whole number with groups of three digits. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** '0 B', '12.3 KiB'. */
export function bytes(value: number): string {
  const step = value < 1_024 ? 0 : Math.min(4, Math.floor(Math.log2(value) / 10));
  return step === 0 ? `${value} B` : `${threeDigits(value / 1_024 ** step)} ${'KMGT'[step - 1]}iB`;
}

// Units that are read best with a prefix of their own, as factors to a duration in microseconds.
const TIME_UNITS: Readonly<Record<string, number>> = { us: 1, µs: 1, ms: 1e3, s: 1e6, min: 6e7, h: 3.6e9 };

/** A value in a UCUM unit: '12.3 ms', '4.00 KiB', '7'. */
export function quantity(value: number, unit: string): string {
  const factor = Object.hasOwn(TIME_UNITS, unit) ? TIME_UNITS[unit] : undefined;
  if (factor !== undefined && value >= 0) return duration(value * factor);
  if ((unit === 'By' || unit === 'bytes') && value >= 0) return bytes(Math.round(value));
  return unit === '1' || unit === '' ? amount(value) : `${amount(value)} ${unit}`;
}

/** A rate: '0.5/s', '1,234/s'; below one in ten seconds by the minute. */
export function rate(perSecond: number): string {
  if (perSecond === 0 || !Number.isFinite(perSecond)) return '0/s';
  return Math.abs(perSecond) < 0.1 ? `${threeDigits(perSecond * 60)}/min` : `${amount(perSecond)}/s`;
}

/** A part of a whole: '0 %', '<0.1 %', '12.3 %'. */
export function share(part: number, whole: number): string {
  if (whole <= 0 || part <= 0) return '0 %';
  const percent = (100 * part) / whole;
  return percent < 0.1 ? '<0.1 %' : `${threeDigits(Math.min(100, percent))} %`;
}

/** The time of day here: '14:02:07'. */
export function clockTime(ms: number): string {
  const date = new Date(ms);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');
}

/** With the day and the fraction: '2026-03-01 14:02:07.123'. */
export function wholeTime(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return String(ms);
  const day = [date.getFullYear(), twoDigits(date.getMonth() + 1), twoDigits(date.getDate())].join('-');
  return `${day} ${clockTime(ms)}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** How long something has been going on, in whole seconds: '12 s', '3 m 05 s'. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  return seconds < 60 ? `${seconds} s` : duration(seconds * 1e6);
}

/** How long ago: 'just now', '12 s ago', '3 m 05 s ago'. */
export function ago(ms: number): string {
  return ms < 2_000 ? 'just now' : `${age(ms)} ago`;
}

/** A bound of buckets or scales: as `quantity`, without the zeros that a measured value has. */
export function bound(value: number, unit: string): string {
  if (value === 0) return '0';
  return quantity(value, unit).replace(/\.0+(?=\D|$)|(\.\d*?[1-9])0+(?=\D|$)/, '$1');
}

/** '1 span', '2 spans'. */
export function counted(count: number, one: string, several: string = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : several}`;
}

function threeDigits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
