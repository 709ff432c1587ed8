import { describe, expect, it } from 'vitest';
import { baggage, correlationContext, grpcTags, type TagFormat } from '../src/index.ts';
import { getter, TAG_FORMATS } from './contexts.ts';

type Tags = Readonly<Record<string, string>>;

function decoded(format: TagFormat, header: string | undefined): Tags | undefined {
  return format.decode(getter(Object.fromEntries(format.fields.map((name) => [name, header]))));
}

function encoded(format: TagFormat, tags: Tags): string | undefined {
  return format.encode(tags)[0]?.[1];
}

function numbered(count: number, key: string, value: string): Tags {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`${key}${at}`, value]));
}

describe.each(TAG_FORMATS)('$name', (format) => {
  it('brings tags back as they were', () => {
    const tags = {
      method: 'Get',
      env: '',
      'shop/tenant name': 'a=b, c;d "100%" \\',
      '%41': '%41',
      ' padded ': ' too ',
      __proto__x: 'y',
      constructor: 'z',
    };
    expect(decoded(format, encoded(format, tags))).toEqual(tags);
  });

  it('makes __proto__ a tag like any other', () => {
    const tags = Object.fromEntries([['__proto__', 'a']]);
    const found = decoded(format, encoded(format, tags)) ?? {};
    expect(Object.entries(found)).toEqual([['__proto__', 'a']]);
    expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
  });

  it('writes no header for no tags, and reads none where there is no header', () => {
    expect(format.encode({})).toEqual([]);
    expect(decoded(format, undefined)).toBeUndefined();
    expect(decoded(format, '')).toBeUndefined();
  });
});

describe('baggage', () => {
  it('is percent-encoded, keys too', () => {
    expect(encoded(baggage(), { tenant: 'Straße 1', 'shop/a(b)': 'x=(1)' })).toBe(
      'tenant=Stra%C3%9Fe%201,shop%2Fa%28b%29=x%3D(1)',
    );
  });

  it.each<[string, Tags]>([
    ['a=1,b=2', { a: '1', b: '2' }],
    [' a = 1 \t, b = 2 ', { a: '1', b: '2' }],
    ['a=1;ttl=-1;secret,b=2', { a: '1', b: '2' }],
    ['a=1,a=2', { a: '2' }],
    ['a=b=c', { a: 'b=c' }],
    ['a=', { a: '' }],
    ['a=%E4%BD%A0%20%C3%BC', { a: '你 ü' }],
    ['a=%ZZ,b=2', { b: '2' }],
    ['%ZZ=1,b=2', { b: '2' }],
    ['a,=1,b c=1,(d)=1,"e"=1,,b=2', { b: '2' }],
    ['nothing', {}],
  ])('is read: %j', (header, expected) => {
    expect(decoded(baggage(), header)).toEqual(expected);
  });

  it('is not made well-formed at the cost of the rest', () => {
    expect(decoded(baggage(), encoded(baggage(), { a: '\ud800', b: '2' }))).toEqual({ a: '\ufffd', b: '2' });
  });

  it('holds 180 tags, 4,096 characters of one and 8,192 in all, else none', () => {
    expect(encoded(baggage(), numbered(180, 'k', ''))?.split(',').length).toBe(180);
    expect(encoded(baggage(), numbered(181, 'k', ''))).toBeUndefined();
    expect(encoded(baggage(), { k: 'v'.repeat(4_094) })?.length).toBe(4_096);
    expect(encoded(baggage(), { k: 'v'.repeat(4_095), l: '' })).toBeUndefined();
    expect(encoded(baggage(), { k: 'v'.repeat(4_093), l: 'v'.repeat(4_094) })?.length).toBe(8_192);
    expect(encoded(baggage(), { k: 'v'.repeat(4_094), l: 'v'.repeat(4_094) })).toBeUndefined();
  });

  it('is read up to the same limits', () => {
    const list = (count: number): string =>
      Object.keys(numbered(count, 'k', ''))
        .join('=,')
        .concat('=');
    expect(decoded(baggage(), list(180))).toEqual(numbered(180, 'k', ''));
    expect(decoded(baggage(), list(181))).toBeUndefined();
    expect(decoded(baggage(), `k=${'v'.repeat(4_095)},l=`)).toEqual({ l: '' });
    expect(decoded(baggage(), `${'k=v,'.repeat(100)}l=${' '.repeat(8_192)}`)).toBeUndefined();
  });
});

describe('correlation-context', () => {
  it('is plain text but for what would not come back', () => {
    expect(encoded(correlationContext(), { k: 'v', k2: 'new york', k3: '50%', 'a,b': ' x=y;z ' })).toBe(
      'k=v,k2=new york,k3=50%25,a%2Cb=%20x%3Dy%3Bz%20',
    );
  });

  it.each<[string, Tags]>([
    ['k=v,k2=v2', { k: 'v', k2: 'v2' }],
    [' k = v , k2=v2;prop=1', { k: 'v', k2: 'v2' }],
    ['k=1,k=2', { k: '2' }],
    ['k=', { k: '' }],
    ['k=100%', { k: '100%' }],
    ['k=a%20b', { k: 'a b' }],
  ])('is read: %j', (header, expected) => {
    expect(decoded(correlationContext(), header)).toEqual(expected);
  });

  it.each(['k', 'k=v,', 'k=v,x', '=v', 'k=v=w', 'k=\u00e9', 'k=%C3%A9', 'k=%00', `k=${'v'.repeat(256)}`])(
    'is empty as a whole for one error: %j',
    (header) => {
      expect(decoded(correlationContext(), header)).toBeUndefined();
    },
  );

  it('holds 180 tags and 8,192 characters of keys and values, else none', () => {
    expect(encoded(correlationContext(), numbered(180, 'k', 'v'))?.split(',').length).toBe(180);
    expect(encoded(correlationContext(), numbered(181, 'k', 'v'))).toBeUndefined();
    const full = numbered(32, 'key-', 'v'.repeat(250)); // 10 keys of 5 characters, 22 of 6
    expect(decoded(correlationContext(), encoded(correlationContext(), { ...full, a: 'v'.repeat(9) }))).toEqual({
      ...full,
      a: 'v'.repeat(9),
    });
    expect(encoded(correlationContext(), { ...full, a: 'v'.repeat(10) })).toBeUndefined();
  });

  it('is read up to the same limits', () => {
    const list = (tags: Tags): string =>
      Object.entries(tags)
        .map((pair) => pair.join('='))
        .join();
    expect(decoded(correlationContext(), list(numbered(180, 'k', 'v')))).toEqual(numbered(180, 'k', 'v'));
    expect(decoded(correlationContext(), list(numbered(181, 'k', 'v')))).toBeUndefined();
    expect(decoded(correlationContext(), list(numbered(33, 'key-', 'v'.repeat(250))))).toBeUndefined();
  });
});

describe('grpc-tags-bin', () => {
  const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');
  const hexOf = (tags: Tags): string => Buffer.from(encoded(grpcTags(), tags) ?? '', 'base64').toString('hex');

  it('is written with lengths as varints', () => {
    expect(encoded(grpcTags(), { method: 'Get', env: 'eu' })).toBe('AAAGbWV0aG9kA0dldAADZW52AmV1');
    expect(hexOf({ k: 'v'.repeat(200) })).toBe(`0000016bc801${'76'.repeat(200)}`);
    expect(hexOf({ k: 'v'.repeat(127) })).toBe(`0000016b7f${'76'.repeat(127)}`);
    expect(hexOf({ ['k'.repeat(128)]: '' })).toBe(`00008001${'6b'.repeat(128)}00`);
  });

  it.each<[string, Tags]>([
    ['0000066d6574686f64034765740003656e76026575', { method: 'Get', env: 'eu' }],
    [`0000016bc801${'76'.repeat(200)}`, { k: 'v'.repeat(200) }],
    [`0000016bff01${'76'.repeat(255)}`, { k: 'v'.repeat(255) }],
    ['0000016b017600016b0177', { k: 'w' }],
    ['0000016b017601ffff', { k: 'v' }],
    ['0000016b8100' + '76', { k: 'v' }],
    ['00', {}],
    ['0001', {}],
  ])('is read: %s', (hex, expected) => {
    expect(decoded(grpcTags(), base64(hex))).toEqual(expected);
  });

  it.each([
    '01',
    '0100016b0176',
    '0000',
    '000001',
    '0000016b',
    '0000016b02',
    '0000016b0276',
    '0000016b80',
    '0000016bc80176',
    '0000016b808001',
    '0000000176',
    '0000016b01760000',
    '000001c30176',
    '0000016b01c3',
    '0000016b0109',
    `0000016b8002${'76'.repeat(256)}`,
    `0000016b808001${'76'.repeat(20_000)}`,
    `00008002${'6b'.repeat(256)}0176`,
  ])('is empty as a whole for one error: %s', (hex) => {
    expect(decoded(grpcTags(), base64(hex))).toBeUndefined();
  });

  it('holds 8,192 characters of keys and values, else none', () => {
    const full = numbered(32, 'key-', 'v'.repeat(250));
    expect(decoded(grpcTags(), encoded(grpcTags(), { ...full, a: 'v'.repeat(9) }))).toEqual({
      ...full,
      a: 'v'.repeat(9),
    });
    expect(encoded(grpcTags(), { ...full, a: 'v'.repeat(10) })).toBeUndefined();
    const one = `00${'01'}6b${'ff01'}${'76'.repeat(255)}`;
    expect(decoded(grpcTags(), base64(`00${one.repeat(32)}`))).toEqual({ k: 'v'.repeat(255) });
    expect(decoded(grpcTags(), base64(`00${one.repeat(33)}`))).toBeUndefined();
  });
});

it.each([correlationContext(), grpcTags()])('$name leaves out what is no tag of OpenCensus', (format) => {
  const tags = {
    k: 'v',
    schlüssel: 'v',
    umlaut: 'ü',
    line: 'a\nb',
    '': 'v',
    long: 'v'.repeat(256),
    ['k'.repeat(256)]: '',
  };
  expect(decoded(format, encoded(format, tags))).toEqual({ k: 'v' });
});
