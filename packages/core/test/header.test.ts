import { ConfigError, httpHeader, readOptions } from '@oc/core/exporter';
import { afterEach, expect, test, vi } from 'vitest';

const read = (given?: object) => readOptions('acme', given, { key: httpHeader('X-Acme-Key', { env: 'ACME_KEY' }) });

afterEach(() => {
  vi.unstubAllEnvs();
});

test('a key becomes its header, from code or the environment', () => {
  expect(read().options.key).toEqual({});
  vi.stubEnv('ACME_KEY', 'of-env');
  expect(read().options.key).toEqual({ 'x-acme-key': 'of-env' });
  expect(read({ key: 'of-code' }).options.key).toEqual({ 'x-acme-key': 'of-code' });
});

test('a key that HTTP does not allow is a ConfigError, or a warning when it is the environment that is wrong; neither shows it', () => {
  for (const key of ['line\nbreak', 7]) {
    expect(() => read({ key })).toThrow(ConfigError);
    expect(() => read({ key })).not.toThrow(/line|7/);
  }
  vi.stubEnv('ACME_KEY', 'snow\u2603');
  const { options, warnings } = read();
  expect([options.key, warnings]).toEqual([{}, [expect.stringMatching(/^ACME_KEY has a character .*default/)]]);
});
