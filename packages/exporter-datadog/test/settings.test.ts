import { afterEach, describe, expect, it, vi } from 'vitest';
import { datadog } from '../src/index.ts';
import { readSettings } from '../src/settings.ts';

afterEach(() => vi.unstubAllEnvs());

function withEnvironment(variables: Readonly<Record<string, string>>): ReturnType<typeof readSettings> {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  return readSettings(undefined);
}

describe('where spans and metrics go', () => {
  it.each([
    ['nothing', {}, 'http://127.0.0.1:8126/', { host: '127.0.0.1', port: 8125 }],
    ['a host', { DD_AGENT_HOST: 'node-7' }, 'http://node-7:8126/', { host: 'node-7', port: 8125 }],
    ['an IPv6 address', { DD_AGENT_HOST: '::1' }, 'http://[::1]:8126/', { host: '::1', port: 8125 }],
    [
      'hosts and ports',
      {
        DD_TRACE_AGENT_HOSTNAME: 'a',
        DD_TRACE_AGENT_PORT: '9126',
        DD_DOGSTATSD_HOST: 'b',
        DD_DOGSTATSD_PORT: '9125',
      },
      'http://a:9126/',
      { host: 'b', port: 9125 },
    ],
    [
      'URLs, which go before hosts',
      { DD_AGENT_HOST: 'a', DD_TRACE_AGENT_URL: 'https://b:1', DD_DOGSTATSD_URL: 'udp://[::1]:2' },
      'https://b:1/',
      { host: '::1', port: 2 },
    ],
  ])('by an environment that says %s', (_, variables, url, dogstatsd) => {
    const settings = withEnvironment(variables);
    expect([settings.traces.url.href, settings.dogstatsd, settings.warnings]).toEqual([url, dogstatsd, []]);
  });

  it('by Unix sockets', () => {
    const settings = withEnvironment({
      DD_TRACE_AGENT_URL: 'unix:///run/apm.socket',
      DD_DOGSTATSD_URL: 'unix:///run/dsd.socket',
    });
    expect([settings.traces.socketPath, settings.dogstatsd]).toEqual(['/run/apm.socket', { path: '/run/dsd.socket' }]);
  });

  it('by a site', () => {
    vi.stubEnv('DD_SITE', 'datadoghq.eu');
    expect(readSettings({ metrics: 'api', apiKey: 'k' }).api.url.href).toBe('https://api.datadoghq.eu/api/v2/series');
    expect(readSettings({ site: 'us3.datadoghq.com' }).api.url.host).toBe('api.us3.datadoghq.com');
  });
});

it('tags of the environment are read with commas or blanks, and those of the code win over them', () => {
  vi.stubEnv('DD_TAGS', 'env:prod, url:http://x ,alone,:none');
  expect([...readSettings({ tags: { env: 'test' } }).tags]).toEqual([
    ['env', 'test'],
    ['url', 'http://x'],
    ['alone', ''],
  ]);
  vi.stubEnv('DD_TAGS', 'env:prod  team:red');
  expect([...readSettings({}).tags]).toEqual([
    ['env', 'prod'],
    ['team', 'red'],
  ]);
});

it('metrics are collected each 10 s, unless the environment says how often for all exporters', () => {
  expect(datadog().delivery).toEqual({ metricsEveryMs: 10_000 });
  vi.stubEnv('OTEL_METRIC_EXPORT_INTERVAL', '60000');
  expect(datadog().delivery).toEqual({});
});

describe('a ConfigError without a secret in it names', () => {
  it.each([
    [{ url: 'agent:8126' }, "'url' must be an absolute URL that begins with 'http://', 'https://' or 'unix:///'"],
    [{ url: 'unix:/run/x' }, "'url' must be an absolute URL that begins with 'http://', 'https://' or 'unix:///'"],
    [{ dogstatsdUrl: 'http://x' }, "'dogstatsdUrl' must look like 'udp://host:port' or 'unix:///path'"],
    [{ metrics: 'api' }, "metrics 'api' needs an 'apiKey', or DD_API_KEY in the environment"],
    [{ apiKey: 'hush\nhush' }, "'apiKey' must be a text without blanks and control characters"],
    [
      { apiUrl: 'http://api.test' },
      "'apiUrl' must begin with 'https://': the key would be there to read for everybody on the way",
    ],
    [{ site: 'https://x' }, "'site' must be the name or address of a host, without scheme and port"],
    [{ tags: { a: 1 } }, "'tags' must be an object of names and texts"],
    [
      { protocolVersion: '0.7', namespace: 1 },
      "'protocolVersion' must be one of '0.4', '0.5'; 'namespace' must be a string",
    ],
    [{ version: '1.0' }, "there is no option 'version'"],
  ])('what is wrong in %j', (options, message) => {
    expect(() => datadog(options as never)).toThrow(
      expect.objectContaining({ name: 'ConfigError', message: `datadog: ${message}` }),
    );
  });

  it('an agent beside fetch, but a socket that was found is left for it', () => {
    const agent = {};
    expect(() => datadog({ fetch: globalThis.fetch as never, agent })).toThrow(/'agent' has no effect beside 'fetch'/);
  });
});
