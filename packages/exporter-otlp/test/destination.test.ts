import { ConfigError, ExportError } from '@oc/core/exporter';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Destination, destinationOf, type Signal } from '../src/destination.ts';
import { type OtlpOptions, otlp } from '../src/index.ts';
import { hinted } from '../src/transport.ts';

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('OTEL_')) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** Variables without their OTEL_EXPORTER_OTLP_. */
type Variables = Readonly<Record<string, string>>;

const NOTHING = {
  protocol: undefined,
  url: undefined,
  tracesUrl: undefined,
  metricsUrl: undefined,
  headers: {},
  compression: undefined,
  ca: undefined,
  clientCertificate: undefined,
  clientKey: undefined,
  fetch: undefined,
  agent: undefined,
};

function destination(
  variables: Variables,
  code: Partial<typeof NOTHING> | object = {},
  signal: Signal = 'traces',
): Destination & { readonly warnings: readonly string[] } {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(`OTEL_EXPORTER_OTLP_${name}`, value);
  const warnings = new Set<string>();
  return { ...destinationOf(signal, { ...NOTHING, ...code }, warnings), warnings: [...warnings] };
}

const grpc = { PROTOCOL: 'grpc' };

describe.each<{ what: string; variables?: Variables; code?: object; traces: string; metrics: string }>([
  {
    what: 'nothing given',
    traces: 'http://localhost:4318/v1/traces',
    metrics: 'http://localhost:4318/v1/metrics',
  },
  {
    what: 'a general endpoint',
    variables: { ENDPOINT: 'http://c:1' },
    traces: 'http://c:1/v1/traces',
    metrics: 'http://c:1/v1/metrics',
  },
  {
    what: 'a general endpoint with a path',
    variables: { ENDPOINT: 'https://h/mycollector/' },
    traces: 'https://h/mycollector/v1/traces',
    metrics: 'https://h/mycollector/v1/metrics',
  },
  {
    what: 'a general endpoint whose path does not end in a slash, with a query',
    variables: { ENDPOINT: 'https://h/mycollector?team=shop' },
    traces: 'https://h/mycollector/v1/traces?team=shop',
    metrics: 'https://h/mycollector/v1/metrics?team=shop',
  },
  {
    what: 'an endpoint for traces, as it is',
    variables: { ENDPOINT: 'http://c:1', TRACES_ENDPOINT: 'http://t:2' },
    traces: 'http://t:2/',
    metrics: 'http://c:1/v1/metrics',
  },
  {
    what: 'an endpoint for metrics, as it is',
    variables: { METRICS_ENDPOINT: 'http://p:9090/api/v1/otlp/v1/metrics' },
    traces: 'http://localhost:4318/v1/traces',
    metrics: 'http://p:9090/api/v1/otlp/v1/metrics',
  },
  {
    what: 'a url in code, which wins over all variables',
    variables: { ENDPOINT: 'http://c:1', TRACES_ENDPOINT: 'http://t:2' },
    code: { url: new URL('http://code:3/x') },
    traces: 'http://code:3/x/v1/traces',
    metrics: 'http://code:3/x/v1/metrics',
  },
  {
    what: 'urls of single signals in code',
    variables: { ENDPOINT: 'http://c:1' },
    code: { tracesUrl: new URL('http://t:4/spans') },
    traces: 'http://t:4/spans',
    metrics: 'http://c:1/v1/metrics',
  },
  {
    what: 'empty variables',
    variables: { ENDPOINT: '', TRACES_ENDPOINT: ' ', PROTOCOL: '' },
    traces: 'http://localhost:4318/v1/traces',
    metrics: 'http://localhost:4318/v1/metrics',
  },
])('$what', ({ variables = {}, code = {}, traces, metrics }) => {
  it('decides where each signal goes', () => {
    const found = (['traces', 'metrics'] as const).map((signal) => destination(variables, code, signal));
    expect(found.map(({ url, warnings }) => [url.href, warnings])).toEqual([
      [traces, []],
      [metrics, []],
    ]);
  });
});

it.each([
  [{}, 'http://localhost:4317'],
  [{ ENDPOINT: 'http://c:4317' }, 'http://c:4317'],
  [{ ENDPOINT: 'https://c:4317' }, 'https://c:4317'],
  [{ ENDPOINT: 'c:4317' }, 'https://c:4317'],
  [{ ENDPOINT: 'c:4317', INSECURE: 'true' }, 'http://c:4317'],
  [{ ENDPOINT: 'c:4317', INSECURE: 'true', TRACES_INSECURE: 'false' }, 'https://c:4317'],
  [{ ENDPOINT: 'c:4317', TRACES_ENDPOINT: '[::1]:4317', INSECURE: 'true' }, 'http://[::1]:4317'],
])('over gRPC %j means %s', (variables: Variables, origin) => {
  expect(destination({ ...grpc, ...variables }).url.origin).toBe(origin);
});

it('signals may go to different places in different ways', () => {
  const variables = {
    TRACES_PROTOCOL: 'grpc',
    METRICS_PROTOCOL: 'http/json',
    METRICS_COMPRESSION: 'gzip',
    TIMEOUT: '7',
  };
  const of = (signal: Signal): unknown => {
    const { protocol, url, gzip, timeoutMs } = destination(variables, {}, signal);
    return { protocol, origin: url.origin, gzip, timeoutMs };
  };
  expect([of('traces'), of('metrics')]).toEqual([
    { protocol: 'grpc', origin: 'http://localhost:4317', gzip: false, timeoutMs: 7 },
    { protocol: 'http/json', origin: 'http://localhost:4318', gzip: true, timeoutMs: 7 },
  ]);
});

describe('headers', () => {
  it('of code win over those of the signal, and those over the general ones; all are sent', () => {
    const variables = { HEADERS: 'a=1, b = 2 ,c=3', TRACES_HEADERS: 'b=20,d=x%20y%3D' };
    expect(destination(variables, { headers: { c: '300' } }).headers).toEqual({ a: '1', b: '20', c: '300', d: 'x y=' });
  });

  it('that cannot be read are left out with one warning, which does not show them', () => {
    const { headers, warnings } = destination({ HEADERS: 'api-key,a=%zz,b=1,=x,c d=2,e=\u0001,f=a=b' });
    expect(headers).toEqual({ b: '1', f: 'a=b' });
    expect(warnings).toEqual([
      "OTEL_EXPORTER_OTLP_HEADERS has something that is not 'name=value' with a percent-encoded value; it is left out",
    ]);
  });

  it('that gRPC does not take are a ConfigError in code, without the value, and left out in the environment', () => {
    expect(() => otlp({ protocol: 'grpc', headers: { 'x-key': 'schlüssel' } })).toThrow(
      new ConfigError("otlp: 'headers' has something in 'x-key' that gRPC does not allow"),
    );
    expect(destination({ ...grpc, HEADERS: 'x-key=schl%C3%BCssel,x-bin=AAEC,b=1' }).headers).toEqual({ b: '1' });
  });
});

describe('TLS files', () => {
  const files = { CERTIFICATE: 'ca.pem', CLIENT_CERTIFICATE: 'cert.pem', CLIENT_KEY: 'key.pem' };

  it('come from the environment, those of a signal first, those of code before all', () => {
    const variables = { ...files, ENDPOINT: 'https://c', TRACES_CLIENT_KEY: 'traces.pem' };
    expect(destination(variables, { ca: 'code.pem' }).tls).toEqual({
      ca: 'code.pem',
      cert: 'cert.pem',
      key: 'traces.pem',
    });
  });

  it('do not matter without TLS, nor those of the environment beside an agent', () => {
    expect(destination(files).tls).toBeUndefined();
    expect(destination({ ...files, ENDPOINT: 'https://c' }, { agent: {} }).tls).toBeUndefined();
  });
});

it.each<[OtlpOptions, string]>([
  [
    { url: 'http://c:4318/v1/traces' },
    "otlp: 'url' must not end in the path of one signal; give that as 'tracesUrl' or 'metricsUrl'",
  ],
  [{ protocol: 'grpc', agent: {} }, "otlp: 'agent' has no effect with protocol 'grpc'"],
  [{ url: 'https://c', agent: {}, ca: 'ca.pem' }, "otlp: 'ca' has no effect beside 'agent'; give one of them"],
  [
    { protocol: 'http' as 'grpc', temporality: 'total' as 'delta' },
    "otlp: 'protocol' must be one of 'http/protobuf', 'http/json', 'grpc'; " +
      "'temporality' must be one of 'cumulative', 'delta', 'lowmemory'",
  ],
])('%j is a ConfigError', (options, message) => {
  expect(() => otlp(options)).toThrow(new ConfigError(message));
});

it('an endpoint that ends in the path of one signal is used as it is, with a warning', () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://c:4318/v1/traces');
  expect(otlp().warnings).toEqual([
    'OTEL_EXPORTER_OTLP_ENDPOINT ends in the path of one signal, and that of each is added to it',
  ]);
});

it('a variable that is wrong is replaced by its default, with one warning', () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '-1');
  vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', 'DELTA');
  vi.stubEnv('OTEL_EXPORTER_OTLP_TRACES_COMPRESSION', 'brotli');
  const { warnings, delivery } = otlp();
  expect({ warnings, delivery }).toEqual({
    warnings: [
      "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION must be one of 'none', 'gzip'; the default is used",
      'OTEL_EXPORTER_OTLP_TIMEOUT must be a whole number from 1 to 2147483647; the default is used',
    ],
    delivery: { attemptMs: 10_000, batchItems: 2_048 },
  });
});

describe('a failure names what may be the cause:', () => {
  const failure = new ExportError('unavailable', 'otlp: it failed', { retryAfterMs: 7, cause: 'why' });

  it.each([
    [
      {},
      'http://c:4317',
      "otlp: it failed (port 4317 is by custom that of OTLP over gRPC, and 'protocol' is 'http/protobuf')",
    ],
    [
      grpc,
      'http://c:4318',
      "otlp: it failed (port 4318 is by custom that of OTLP over HTTP, and 'protocol' is 'grpc')",
    ],
    [{}, 'http://c:4318', 'otlp: it failed'],
    [grpc, 'http://c:4317', 'otlp: it failed'],
  ])('%j at %s', (variables: Variables, endpoint, message) => {
    const { failure: kept, retryAfterMs, cause } = failure;
    expect(hinted(failure, destination({ ...variables, ENDPOINT: endpoint }))).toMatchObject({
      failure: kept,
      retryAfterMs,
      cause,
      message,
    });
  });
});
