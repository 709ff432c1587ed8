/** A sample's value; all parsers read JavaScript's own form of a finite number. */
export function numberText(value: number): string {
  if (Number.isFinite(value)) return `${value}`;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

/**
 * A bound as Go's `%g` writes it: 1e-05, 0.0001, 100000, 1e+06. Prometheus 2 tells series of `le` apart by their text, so
 * that a service keeps its series when it moves here from another language.
 */
export function boundText(bound: number): string {
  if (!Number.isFinite(bound)) return numberText(bound);
  const [digits = '', power = ''] = bound.toExponential().split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return `${bound}`;
  return `${digits}e${exponent < 0 ? '-' : '+'}${`${Math.abs(exponent)}`.padStart(2, '0')}`;
}

/** The same as OpenMetrics wants it: a number that is written without fraction and exponent gets `.0`. */
export function canonicalBoundText(bound: number): string {
  const text = boundText(bound);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
