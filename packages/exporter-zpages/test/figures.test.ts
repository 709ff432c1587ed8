import { describe, expect, it } from 'vitest';
import { age, ago, amount, bound, bytes, duration, grouped, quantity, rate, share } from '../src/figures.ts';

describe('figures are written for people:', () => {
  const cases: readonly (readonly [string, (value: number) => string, Readonly<Record<string, string>>])[] = [
    [
      'durations, from microseconds',
      duration,
      {
        '0': '0 µs',
        '-5': '0 µs',
        '850': '850 µs',
        '999.6': '1.00 ms',
        '1000': '1.00 ms',
        '12340': '12.3 ms',
        '999499': '999 ms',
        '999500': '1.00 s',
        '59994000': '60.0 s',
        '60000000': '1 m 00 s',
        '185000000': '3 m 05 s',
        '7620000000': '2 h 07 m',
        '432000000000': '5 d',
        NaN: 'NaN',
      },
    ],
    [
      'amounts',
      amount,
      {
        '0': '0',
        '999999': '999,999',
        '4200000': '4.20 M',
        '3500000000': '3.50 G',
        '-1234': '-1,234',
        '12.345': '12.3',
        '1234.5': '1,235',
        '0.00001': '1.0e-5',
        '1e21': '1.00e+21',
        Infinity: 'Infinity',
      },
    ],
    ['bytes', bytes, { '0': '0 B', '1023': '1023 B', '1024': '1.00 KiB', '12582912': '12.0 MiB' }],
    ['rates', rate, { '0': '0/s', '0.05': '3.00/min', '0.5': '0.50/s', '1500': '1,500/s', NaN: '0/s' }],
    ['whole numbers', grouped, { '1': '1', '1234567': '1,234,567' }],
    ['ages, from milliseconds', age, { '0': '0 s', '1999': '1 s', '65000': '1 m 05 s' }],
    ['how long ago', ago, { '0': 'just now', '3000': '3 s ago', '65000': '1 m 05 s ago' }],
  ];
  it.each(cases)('%s', (_, write, expected) => {
    expect(Object.fromEntries(Object.keys(expected).map((value) => [value, write(Number(value))]))).toEqual(expected);
  });

  it('values in their units, and bounds without the zeros of a measured value', () => {
    expect([
      quantity(12.345, 'ms'),
      quantity(2_048, 'By'),
      quantity(7, '1'),
      quantity(7, 'EUR'),
      quantity(-3, 'ms'),
    ]).toEqual(['12.3 ms', '2.00 KiB', '7', '7 EUR', '-3 ms']);
    expect([
      bound(5, 'ms'),
      bound(2.5, 'ms'),
      bound(1_000, 'ms'),
      bound(0, 'ms'),
      bound(10, '1'),
      bound(100, 'By'),
    ]).toEqual(['5 ms', '2.5 ms', '1 s', '0', '10', '100 B']);
    expect([share(1, 3), share(0, 0), share(1, 100_000), share(2, 2)]).toEqual(['33.3 %', '0 %', '<0.1 %', '100 %']);
  });
});
