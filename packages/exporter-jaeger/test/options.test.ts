import { Agent } from 'node:http';
import { ConfigError } from '@oc/core/exporter';
import { UdpServer } from '@oc/testkit';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type JaegerOptions, jaeger } from '../src/index.ts';
import { type Backend, backend } from './backend.ts';
import { clearVariables, stubVariables } from './environment.ts';
import { readBody } from './oracle.ts';
import { call, span } from './samples.ts';

beforeEach(clearVariables);

describe('wrong options', () => {
  it('are all named, without their values', () => {
    const options = {
      url: 'localhost:14268',
      user: 7,
      headers: { 'x-key': 'secret\nkey' },
      fetch: 'secret',
      agent: 7,
      host: 'agent:6831',
      port: 0,
      encoding: 'json',
      maxPacketSize: 70_000,
      tags: { zone: null },
      serviceName: 'secret',
      bufferSize: 1,
    } as unknown as JaegerOptions;
    expect(() => jaeger(options)).toThrow(
      new ConfigError(
        "jaeger: there is no option 'serviceName'; there is no option 'bufferSize'; " +
          "'url' must be an absolute URL that begins with 'http://' or 'https://'; 'user' must be a string; " +
          "'headers' has a character in 'x-key' that HTTP does not allow; 'fetch' must be a function; " +
          "'agent' must be an object; 'host' must be a host's name or address, without a port; " +
          "'port' must be a whole number from 1 to 65535; 'encoding' must be one of 'compact', 'binary'; " +
          "'maxPacketSize' must be a whole number from 1000 to 65507; " +
          "'tags' must be an object of strings, numbers and booleans",
      ),
    );
  });

  it.each<[JaegerOptions, string]>([
    [{ host: 'agent', url: 'http://collector' }, "'url' is of HTTP and 'host' of UDP; give one of them"],
    [{ port: 6831, headers: {} }, "'headers' is of HTTP and 'port' of UDP; give one of them"],
    [{ host: 'agent', password: 'secret' }, "'password' is of HTTP and 'host' of UDP; give one of them"],
    [{ fetch: globalThis.fetch, agent: new Agent() }, "'agent' has no effect beside 'fetch'; give one of them"],
  ])('that contradict each other are refused: %o', (options, message) => {
    expect(() => jaeger(options)).toThrow(new ConfigError(`jaeger: ${message}`));
  });

  it.each(['agent', 'agent.svc.cluster.local', '10.0.0.7', '::1', 'fe80::1%eth0', '::ffff:10.0.0.7'])(
    'do not include the host %s',
    (host) => {
      expect(() => jaeger({ host })).not.toThrow();
    },
  );

  it.each(['', ' ', 'agent:6831', 'udp://agent', 'agent/x', 'a b', '[::1]'])('include the host "%s"', (host) => {
    expect(() => jaeger({ host })).toThrow(ConfigError);
  });
});

describe('where spans go', () => {
  interface Places {
    /** A collector, as an URL. */
    readonly collector: string;
    readonly other: string;
    /** The port of an agent on 127.0.0.1. */
    readonly agent: string;
  }

  it.each<[string, (places: Places) => Record<string, string>, (places: Places) => JaegerOptions, string]>([
    ['JAEGER_ENDPOINT', ({ collector }) => ({ JAEGER_ENDPOINT: collector }), () => ({}), 'collector'],
    [
      'OTEL_EXPORTER_JAEGER_ENDPOINT before JAEGER_ENDPOINT',
      ({ collector, other }) => ({ OTEL_EXPORTER_JAEGER_ENDPOINT: collector, JAEGER_ENDPOINT: other }),
      () => ({}),
      'collector',
    ],
    [
      'the option url before OTEL_EXPORTER_JAEGER_ENDPOINT',
      ({ other }) => ({ OTEL_EXPORTER_JAEGER_ENDPOINT: other }),
      ({ collector }) => ({ url: collector }),
      'collector',
    ],
    [
      'JAEGER_AGENT_HOST',
      ({ agent }) => ({ JAEGER_AGENT_HOST: '127.0.0.1', JAEGER_AGENT_PORT: agent }),
      () => ({}),
      'agent',
    ],
    [
      "OpenTelemetry's agent before Jaeger's",
      ({ agent }) => ({
        OTEL_EXPORTER_JAEGER_AGENT_HOST: '127.0.0.1',
        OTEL_EXPORTER_JAEGER_AGENT_PORT: agent,
        JAEGER_AGENT_HOST: 'elsewhere.test',
        JAEGER_AGENT_PORT: '1',
      }),
      () => ({}),
      'agent',
    ],
    [
      'JAEGER_ENDPOINT before any agent',
      ({ collector, agent }) => ({
        JAEGER_ENDPOINT: collector,
        OTEL_EXPORTER_JAEGER_AGENT_HOST: '127.0.0.1',
        OTEL_EXPORTER_JAEGER_AGENT_PORT: agent,
      }),
      () => ({}),
      'collector',
    ],
    [
      'the option host before any endpoint of the environment',
      ({ other, agent }) => ({ OTEL_EXPORTER_JAEGER_ENDPOINT: other, JAEGER_AGENT_PORT: agent }),
      () => ({ host: '127.0.0.1' }),
      'agent',
    ],
    [
      'the option url before any agent of the environment',
      ({ agent }) => ({ JAEGER_AGENT_HOST: '127.0.0.1', JAEGER_AGENT_PORT: agent }),
      ({ collector }) => ({ url: collector }),
      'collector',
    ],
  ])('is what is said by %s', async (_, variables, options, expected) => {
    const [collector, other] = [await backend(), await backend()];
    const agent = await UdpServer.open(() => []);
    onTestFinished(() => agent.close());
    const urlOf = ({ host }: Backend): string => `http://${host}`;
    const places = { collector: urlOf(collector), other: urlOf(other), agent: `${agent.port}` };
    stubVariables(variables(places));
    const exporter = jaeger(options(places));
    await exporter.exportSpans?.([span()], call());
    await exporter.close?.(AbortSignal.timeout(1_000));
    await agent.drained();
    const came = { collector: collector.arrivals, other: other.arrivals, agent: agent.datagrams };
    expect(Object.entries(came).flatMap(([place, { length }]) => Array(length).fill(place))).toEqual([expected]);
  });
});

describe('the environment', () => {
  it('names an agent by its port alone, too: at localhost', async () => {
    const agent = await UdpServer.open(() => []);
    onTestFinished(() => agent.close());
    stubVariables({ JAEGER_AGENT_PORT: `${agent.port}` });
    const exporter = jaeger();
    // Where localhost is ::1 too, that address may be refused first.
    await exporter.exportSpans?.([span()], call()).catch(() => exporter.exportSpans?.([span()], call()));
    await exporter.close?.(AbortSignal.timeout(1_000));
    await agent.drained();
    expect(agent.datagrams).toHaveLength(1);
  });

  it('sets times, which are options of delivery', () => {
    expect(jaeger().delivery).toEqual({ attemptMs: 10_000 });
    stubVariables({ JAEGER_REPORTER_TIMEOUT: '2500', JAEGER_REPORTER_FLUSH_INTERVAL: '500' });
    expect(jaeger().delivery).toEqual({ attemptMs: 2_500, batchDelayMs: 500 });
    stubVariables({ OTEL_EXPORTER_JAEGER_TIMEOUT: '3000' });
    expect(jaeger().delivery).toEqual({ attemptMs: 3_000, batchDelayMs: 500 });
  });

  it('names the service that has no name, and gives tags, which give way to the option', async () => {
    stubVariables({ JAEGER_SERVICE_NAME: 'shop', JAEGER_TAGS: `zone=eu,pod=\${OC_NOT_SET:none}` });
    const { arrivals, host } = await backend();
    const unnamed = call({ resource: { labels: { 'service.name': 'unknown_service:node' } } });
    await jaeger({ url: `http://${host}` }).exportSpans?.([span()], unnamed);
    await jaeger({ url: `http://${host}`, tags: { slot: 3 } }).exportSpans?.([span()], call());
    const seen = arrivals.map(({ body }) => readBody(body));
    const ofHost = new Set(['hostname', 'ip']);
    expect(seen.map(({ serviceName, tags }) => [serviceName, ...tags.filter(([key]) => !ofHost.has(key))])).toEqual([
      ['shop', ['zone', 'STRING', 'eu'], ['pod', 'STRING', 'none']],
      ['checkout', ['slot', 'LONG', 3]],
    ]);
  });

  it('when it is wrong becomes a warning and the default is used', () => {
    stubVariables({
      JAEGER_ENDPOINT: 'jaeger:14268',
      JAEGER_AGENT_HOST: 'agent:6831',
      OTEL_EXPORTER_JAEGER_AGENT_PORT: 'udp',
      JAEGER_TAGS: 'zone',
      JAEGER_REPORTER_TIMEOUT: 'soon',
      JAEGER_REPORTER_FLUSH_INTERVAL: '0',
    });
    const { warnings, delivery } = jaeger();
    expect({ warnings, delivery }).toEqual({
      warnings: [
        "JAEGER_ENDPOINT must be an absolute URL that begins with 'http://' or 'https://'; the default is used",
        "JAEGER_AGENT_HOST must be a host's name or address, without a port; the default is used",
        'OTEL_EXPORTER_JAEGER_AGENT_PORT must be a whole number from 1 to 65535; the default is used',
        "JAEGER_TAGS must look like 'name=value,name2=value2'; the default is used",
        'JAEGER_REPORTER_TIMEOUT must be a whole number from 1 to 2147483647; the default is used',
        'JAEGER_REPORTER_FLUSH_INTERVAL must be a whole number from 1 to 2147483647; the default is used',
      ],
      delivery: { attemptMs: 10_000 },
    });
  });
});

it('building one opens nothing, and closing one that was never used is fine', async () => {
  for (const exporter of [jaeger(), jaeger({ host: 'localhost' })]) {
    expect(exporter).toEqual({
      name: 'jaeger',
      limits: { spans: 1_000 },
      delivery: { attemptMs: 10_000 },
      warnings: [],
      exportSpans: expect.any(Function),
      close: expect.any(Function),
    });
    await expect(exporter.close?.(AbortSignal.timeout(1_000))).resolves.toBeUndefined();
  }
});
