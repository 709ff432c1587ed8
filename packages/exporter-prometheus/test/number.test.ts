import fc from 'fast-check';
import { expect, it } from 'vitest';
import { boundText, canonicalBoundText, numberText } from '../src/number.ts';

// What strconv.FormatFloat(value, 'g', -1, 64) of Go gives, and the canonical numbers of OpenMetrics.
it.each([
  [0, '0', '0.0'],
  [5, '5', '5.0'],
  [0.1, '0.1', '0.1'],
  [25.5, '25.5', '25.5'],
  [0.0001, '0.0001', '0.0001'],
  [0.00001, '1e-05', '1e-05'],
  [1.5e-7, '1.5e-07', '1.5e-07'],
  [100_000, '100000', '100000.0'],
  [123_456.75, '123456.75', '123456.75'],
  [1_000_000, '1e+06', '1e+06'],
  [12_345_678, '1.2345678e+07', '1.2345678e+07'],
  [1e21, '1e+21', '1e+21'],
  [1e100, '1e+100', '1e+100'],
  [5e-324, '5e-324', '5e-324'],
  [-0.5, '-0.5', '-0.5'],
  [Number.POSITIVE_INFINITY, '+Inf', '+Inf'],
])('the bound %d is written %s, in OpenMetrics %s', (bound, text, canonical) => {
  expect([boundText(bound), canonicalBoundText(bound)]).toEqual([text, canonical]);
});

it('any bound reads back as itself', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (bound) => {
      expect(Number(boundText(bound))).toBe(bound === 0 ? 0 : bound);
      expect(Number(canonicalBoundText(bound))).toBe(bound === 0 ? 0 : bound);
    }),
  );
});

it.each([
  [-0, '0'],
  [1e21, '1e+21'],
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, '+Inf'],
  [Number.NEGATIVE_INFINITY, '-Inf'],
])('the value %d is written %s', (value, text) => {
  expect(numberText(value)).toBe(text);
});
