import { ConfigError } from '@oc/core';
import {
  flag,
  given,
  httpHeaders,
  httpUrl,
  integer,
  milliseconds,
  type Option,
  oneOf,
  option,
  readOptions,
  text,
} from '@oc/core/exporter';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withEnvironment } from './spans/recorded.ts';

const SECRET = 'dd-key-8f3a';

/** The value of one option: what code gives, and what the variable X says. */
function read<T>(
  made: Option<T>,
  options?: unknown,
  variables: Readonly<Record<string, string | undefined>> = {},
): [T, readonly string[]] {
  return withEnvironment({ X: undefined, ...variables }, () => {
    const { options: values, warnings } = readOptions('backend', options as object, { x: made as Option<unknown> });
    return [values.x as T, warnings];
  });
}

/** The message of the ConfigError for a wrong value in code. */
function refusal(made: Option<unknown>, x: unknown): string {
  try {
    read(made, { x });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  throw new Error('it was taken');
}

describe('readOptions', () => {
  const spec = {
    endpoint: httpUrl('http://localhost:9411/api', { env: ['FIRST_URL', 'SECOND_URL'] }),
    apiKey: text(undefined, { env: 'API_KEY' }),
    gzip: flag(true, { env: 'GZIP' }),
    port: integer(9464, { env: 'PORT_NUMBER', min: 0, max: 65_535 }),
    attemptMs: milliseconds(undefined, { env: 'X_TIMEOUT', envOnly: true }),
  };
  const clean = {
    FIRST_URL: undefined,
    SECOND_URL: undefined,
    API_KEY: undefined,
    GZIP: undefined,
    PORT_NUMBER: undefined,
    X_TIMEOUT: undefined,
  };
  const readAll = (options: object | undefined, variables: Readonly<Record<string, string>> = {}) =>
    withEnvironment({ ...clean, ...variables }, () => readOptions('backend', options, spec));

  it('takes defaults where nobody says anything', () => {
    for (const options of [undefined, {}, { apiKey: undefined, port: undefined }]) {
      expect(readAll(options)).toEqual({
        options: {
          endpoint: new URL('http://localhost:9411/api'),
          apiKey: undefined,
          gzip: true,
          port: 9464,
          attemptMs: undefined,
        },
        warnings: [],
      });
    }
  });

  it('takes what is given, then the environment, then the default', () => {
    const variables = { FIRST_URL: 'http://env:1', API_KEY: 'env', GZIP: 'false', PORT_NUMBER: '1', X_TIMEOUT: '250' };
    expect(readAll({ apiKey: 'code', port: 2 }, variables)).toEqual({
      options: { endpoint: new URL('http://env:1'), apiKey: 'code', gzip: false, port: 2, attemptMs: 250 },
      warnings: [],
    });
  });

  it('lets false, 0 and the empty text of code win over the environment', () => {
    const variables = { API_KEY: 'env', GZIP: 'true', PORT_NUMBER: '1' };
    const { options } = readAll({ apiKey: '', gzip: false, port: 0 }, variables);
    expect([options.apiKey, options.gzip, options.port]).toEqual(['', false, 0]);
  });

  it('counts an empty variable as unset, and takes the first of several that is not', () => {
    const first = readAll({}, { FIRST_URL: ' http://first ', SECOND_URL: 'http://second' });
    const second = readAll({}, { FIRST_URL: '', SECOND_URL: 'http://second' });
    const none = readAll(
      {},
      { FIRST_URL: '  ', SECOND_URL: '', API_KEY: '', GZIP: ' ', PORT_NUMBER: '', X_TIMEOUT: '' },
    );
    expect([first, second].map(({ options }) => options.endpoint.href)).toEqual(['http://first/', 'http://second/']);
    expect(none).toEqual(readAll({}));
  });

  it('names everything that code gives wrongly in one ConfigError, and echoes no value', () => {
    const wrong = {
      endpoint: `ftp://user:${SECRET}@host`,
      apiKey: [SECRET],
      gzip: SECRET,
      port: `${SECRET}1`,
      attemptMs: 5,
      serviceName: SECRET,
      logger: { SECRET },
    };
    let error: unknown;
    try {
      readAll(wrong);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(ConfigError);
    const { message, stack, cause } = error as ConfigError;
    expect(message).toMatch(/^backend: /);
    for (const name of Object.keys(wrong)) expect(message).toContain(`'${name}'`);
    expect(`${message}${stack}${JSON.stringify(cause)}`).not.toContain(SECRET);
  });

  it.each(['constructor', 'toString', 'hasOwnProperty', 'endPoint', '__proto__'])('knows no option %s', (name) => {
    const options = JSON.parse(`{${JSON.stringify(name)}:1}`);
    expect(() => readAll(options)).toThrow(ConfigError);
    expect(() => readAll(options)).toThrow(name);
  });

  it('replaces what the environment says wrongly by the default, with a warning that echoes no value', () => {
    const variables = {
      FIRST_URL: `${SECRET}:host`,
      SECOND_URL: 'http://second',
      GZIP: SECRET,
      PORT_NUMBER: `1${SECRET}`,
      X_TIMEOUT: '1e99',
    };
    const { options, warnings } = readAll({}, variables);
    expect(options).toEqual(readAll({}).options);
    expect(warnings.map((warning) => warning.split(' ')[0])).toEqual(['FIRST_URL', 'GZIP', 'PORT_NUMBER', 'X_TIMEOUT']);
    expect(warnings.join()).not.toContain(SECRET);
  });

  it('does not warn of a wrong variable that code overrules', () => {
    expect(readAll({ port: 5 }, { PORT_NUMBER: 'soon' }).warnings).toEqual([]);
  });

  it.each(['text', 5, true, () => {}, Symbol('s')])('takes no options that are no object', (options) => {
    expect(() => readAll(options as never)).toThrow(ConfigError);
  });

  it('reads the environment when it is called, not before', () => {
    const made = text('default', { env: 'X' });
    expect(read(made)[0]).toBe('default');
    expect(read(made, {}, { X: 'now' })[0]).toBe('now');
    expect(read(made)[0]).toBe('default');
  });
});

describe('text', () => {
  it('is a string, trimmed where it comes from the environment', () => {
    expect(read(text('d'), { x: ' a ' })).toEqual([' a ', []]);
    expect(read(text('d', { env: 'X' }), {}, { X: ' a b ' })).toEqual(['a b', []]);
    for (const wrong of [5, null, {}, ['a'], true]) expect(refusal(text('d'), wrong)).toContain("'x'");
  });
});

describe('flag', () => {
  it('is true or false, in any case in the environment', () => {
    const made = flag(false, { env: 'X' });
    expect(['true', 'TRUE', ' True ', 'false', 'FALSE'].map((X) => read(made, {}, { X }))).toEqual([
      [true, []],
      [true, []],
      [true, []],
      [false, []],
      [false, []],
    ]);
    for (const X of ['1', 'yes', 'truely', 'on']) expect(read(made, {}, { X })).toEqual([false, [expect.any(String)]]);
    for (const wrong of ['true', 1, 0, null, {}]) expect(refusal(made, wrong)).toContain("'x'");
  });
});

describe('integer', () => {
  const made = integer(5, { min: 1, max: 10, env: 'X' });

  it('lies within its bounds', () => {
    for (const x of [1, 5, 10]) expect(read(made, { x })).toEqual([x, []]);
    for (const wrong of [0, 11, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', 5n, null, true, [5]]) {
      expect(refusal(made, wrong)).toContain("'x'");
    }
  });

  it('is read from the environment by the same rule', () => {
    for (const X of ['1', ' 10 ', '07']) expect(read(made, {}, { X })).toEqual([Number(X), []]);
    for (const X of ['0', '11', '1.5', 'NaN', 'Infinity', '5ms', '1e9', '-1', '5,0']) {
      expect(read(made, {}, { X })).toEqual([5, [expect.stringMatching(/^X /)]]);
    }
  });

  it('goes from 0 up unless told otherwise', () => {
    expect(read(integer(5), { x: 0 })).toEqual([0, []]);
    expect(refusal(integer(5), -1)).toContain("'x'");
    expect(refusal(integer(5), 2 ** 53)).toContain("'x'");
  });
});

describe('milliseconds', () => {
  it('are whole numbers that a timer takes', () => {
    const made = milliseconds(500);
    for (const x of [1, 2 ** 31 - 1]) expect(read(made, { x })).toEqual([x, []]);
    for (const wrong of [0, -1, 2 ** 31, 0.5, Number.POSITIVE_INFINITY, '500']) {
      expect(refusal(made, wrong)).toContain("'x'");
    }
  });
});

describe('oneOf', () => {
  const made = oneOf(['json', 'protobuf'], 'json', { env: 'X' });

  it('is one of its words, in code and in the environment', () => {
    expect(read(made, { x: 'protobuf' })).toEqual(['protobuf', []]);
    expect(read(made, {}, { X: 'protobuf' })).toEqual(['protobuf', []]);
    expect(read(made, {}, { X: 'thrift' })).toEqual(['json', [expect.stringContaining("'protobuf'")]]);
    for (const wrong of ['thrift', '', 'toString', 0, null, ['json']]) expect(refusal(made, wrong)).toContain("'json'");
  });
});

describe('httpUrl', () => {
  const made = httpUrl('http://localhost:9411/api', { env: 'X' });

  it('is an absolute http or https address, text or URL', () => {
    for (const [x, href] of [
      ['http://a', 'http://a/'],
      ['https://a:8443/p?q=1', 'https://a:8443/p?q=1'],
      ['http://[::1]:9411/', 'http://[::1]:9411/'],
      [`http://user:${SECRET}@a/`, `http://user:${SECRET}@a/`],
      [new URL('https://a/b'), 'https://a/b'],
    ]) {
      expect(read(made, { x })[0].href).toBe(href);
    }
  });

  it.each([
    '',
    'localhost:9411',
    '/api',
    '//host/path',
    'host',
    'ftp://host',
    'unix:/run/agent.sock',
    'file:///etc/passwd',
    'http://',
    'http://a:99999',
    'http://a b/',
    'javascript:alert(1)',
  ])('is not %j', (wrong) => {
    expect(refusal(made, wrong)).toContain("'x'");
    if (wrong !== '')
      expect(read(made, {}, { X: wrong })).toEqual([new URL('http://localhost:9411/api'), [expect.any(String)]]);
  });

  it('echoes no password, neither in errors nor in warnings', () => {
    expect(refusal(made, `ftp://user:${SECRET}@host`)).not.toContain(SECRET);
    expect(read(made, {}, { X: `ftp://user:${SECRET}@host` })[1].join()).not.toContain(SECRET);
  });

  it('is a copy: changing the URL that was given changes nothing', () => {
    const url = new URL('http://a/');
    const [kept] = read(made, { x: url });
    url.hostname = 'elsewhere';
    expect(kept.href).toBe('http://a/');
  });

  it('may have no default', () => {
    expect(read(httpUrl(undefined))).toEqual([undefined, []]);
  });
});

describe('httpHeaders', () => {
  const made = httpHeaders({ env: 'X' });

  it('are names and values, the names in lower case', () => {
    expect(read(made, { x: { 'X-Key': SECRET, accept: 'a, b' } })).toEqual([{ 'x-key': SECRET, accept: 'a, b' }, []]);
    expect(read(made)).toEqual([{}, []]);
  });

  it('come from the environment as a list, percent-decoded', () => {
    expect(read(made, {}, { X: ' X-Key = a%20b , y=c=d ' })).toEqual([{ 'x-key': 'a b', y: 'c=d' }, []]);
  });

  it.each<[string, unknown]>([
    ['a line break in a value', { 'x-key': `${SECRET}\r\nevil: 1` }],
    ['a NUL', { 'x-key': `${SECRET}\0` }],
    ['a character past Latin-1', { 'x-key': `${SECRET}✓` }],
    ['a blank in a name', { 'x key': SECRET }],
    ['a colon in a name', { 'x-key:': SECRET }],
    ['an empty name', { '': SECRET }],
    ['a value that is no text', { 'x-key': [SECRET] }],
    ['a number', { 'x-key': 5 }],
    ['text', `x-key: ${SECRET}`],
    ['a list', [`x-key: ${SECRET}`]],
    ['null', null],
    ['a Map', new Map([['x-key', SECRET]])],
    ['a Headers object, whose members cannot be listed by name', new Headers({ 'x-key': SECRET })],
  ])('are refused for %s, without the value', (_, wrong) => {
    const message = refusal(made, wrong);
    expect(message).toContain("'x'");
    expect(message).not.toContain(SECRET);
  });

  it.each([
    `x-key${SECRET}`,
    `=${SECRET}`,
    `x-key=${SECRET}%E0%A4%A`,
    `x-key=${SECRET}%0D%0Aevil:1`,
    `x key=${SECRET}`,
  ])('are left out where the environment says them wrongly, with a warning without the value', (X) => {
    const [headers, warnings] = read(made, {}, { X });
    expect([headers, warnings.length]).toEqual([{}, 1]);
    expect(warnings.join()).not.toContain(SECRET);
  });
});

describe('given', () => {
  it('hands on a function or an object as it is', () => {
    const fetch = () => {};
    const agent = {};
    expect(read(given('function'), { x: fetch })[0]).toBe(fetch);
    expect(read(given('object'), { x: agent })[0]).toBe(agent);
    expect(read(given('object'))).toEqual([undefined, []]);
    for (const wrong of [5, 'x', null, {}]) expect(refusal(given('function'), wrong)).toContain('function');
    for (const wrong of [5, 'x', null, () => {}]) expect(refusal(given('object'), wrong)).toContain('object');
  });
});

describe('option', () => {
  it('reads by functions of its own, one for code and one for the environment', () => {
    const list = option(
      (value) => {
        if (!Array.isArray(value)) throw new Error('must be a list');
        return value as string[];
      },
      (value) => value.split(','),
      [],
      { env: ['Y', 'X'] },
    );
    expect(read(list, { x: ['a'] }, { X: 'b' })).toEqual([['a'], []]);
    expect(read(list, {}, { X: 'a,b' })).toEqual([['a', 'b'], []]);
    expect(read(list)).toEqual([[], []]);
    expect(refusal(list, 'a')).toBe("backend: 'x' must be a list");
  });
});

describe('any reader', () => {
  const readers: [string, Option<unknown>][] = [
    ['text', text('d', { env: 'X' })],
    ['flag', flag(true, { env: 'X' })],
    ['integer', integer(1, { env: 'X' })],
    ['milliseconds', milliseconds(1, { env: 'X' })],
    ['oneOf', oneOf(['a', 'b'], 'a', { env: 'X' })],
    ['httpUrl', httpUrl('http://a', { env: 'X' })],
    ['httpHeaders', httpHeaders({ env: 'X' })],
    ['given', given('object')],
  ];

  it.each(readers)('%s takes a value or refuses it with a ConfigError, whatever it is', (_, made) => {
    const anything = fc.anything({ withBigInt: true, withNullPrototype: true, withMap: true, withDate: true });
    fc.assert(
      fc.property(anything, (x) => {
        try {
          read(made, { x });
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
        }
      }),
      { numRuns: 200 },
    );
  });

  it.each(readers.slice(0, -1))('%s takes any text of the environment, or warns', (_, made) => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (X) => {
        fc.pre(!X.includes('\0'));
        const [, warnings] = read(made, {}, { X });
        expect(warnings.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 200 },
    );
  });
});
