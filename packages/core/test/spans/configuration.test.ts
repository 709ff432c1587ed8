import { ConfigError, count, type DeliveryOptions, measure, type TelemetryOptions, telemetry, view } from '@oc/core';
import type { Exporter, Problem } from '@oc/core/exporter';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { onlySpan, recorded, withEnvironment } from './recorded.ts';

const exporter = (name: string, more: Partial<Exporter> = {}): Exporter => ({
  name,
  exportSpans: async () => {},
  ...more,
});
const quiet = { flushOn: [], onError() {} } as const;

describe('a wrong option', () => {
  const zipkin = (): Exporter => exporter('zipkin');
  it.each<[string, () => unknown, RegExp]>([
    ['exporters that are no list', () => ({ exporters: zipkin() }), /exporters/],
    ['an exporter that is a name', () => ({ exporters: ['zipkin'] }), /exporters\[0\]/],
    ['an exporter that was not called', () => ({ exporters: [zipkin] }), /exporters\[0\]/],
    ['an exporter without a name', () => ({ exporters: [zipkin(), { exportSpans() {} }] }), /exporters\[1\]/],
    ['an exporter with an empty name', () => ({ exporters: [exporter('')] }), /exporters\[0\]/],
    ['no exporter', () => ({ exporters: [undefined] }), /exporters\[0\]/],
    ['an empty pair', () => ({ exporters: [[]] }), /exporters\[0\]/],
    ['views that are no list', () => ({ views: {} }), /views/],
    ['a view that is a measure', () => ({ views: [measure({ name: 'm' })] }), /view/],
    ['no view', () => ({ views: [undefined] }), /view/],
    ['a sampler that was not called', () => ({ sampler: () => true }), /sampler/],
    ['a sampler that cannot sample', () => ({ sampler: { description: 'x' } }), /sampler/],
    ['a service that is no text', () => ({ service: 5 }), /service/],
    ['labels that are text', () => ({ labels: 'a=b' }), /labels/],
    ['an onError that is no function', () => ({ onError: 'log' }), /onError/],
    ['an unknown event', () => ({ flushOn: ['exit'] }), /flushOn/],
    ['an event that is no list', () => ({ flushOn: 'SIGTERM' }), /flushOn/],
    ['flushOn of a number', () => ({ flushOn: 5 }), /flushOn/],
  ])('%s is a ConfigError that names it', (_, options, names) => {
    const build = () => telemetry(options() as TelemetryOptions);
    expect(build).toThrow(ConfigError);
    expect(build).toThrow(names);
  });

  it('may be undefined, as if it were not there', async () => {
    const undefinedOptions = Object.fromEntries(
      ['service', 'labels', 'views', 'sampler', 'limits', 'flushOn', 'clock'].map((name) => [name, undefined]),
    );
    const telemetry = recorded(undefinedOptions);
    telemetry.oc.tracer.startSpan('x').end();
    expect((await onlySpan(telemetry)).name).toBe('x');
  });
});

describe('delivery options', () => {
  it.each<[keyof DeliveryOptions, unknown[]]>([
    ['batchItems', [0, -1, 1.5, Number.NaN, '5', null, Number.POSITIVE_INFINITY]],
    ['batchDelayMs', [-1, Number.NaN, '5', 2 ** 31]],
    ['queueItems', [0, -1, Number.NaN]],
    ['queueBytes', [0, -1, Number.NaN]],
    ['maxInFlight', [0, -1, 0.5]],
    ['attemptMs', [0, -1, 2 ** 31, Number.POSITIVE_INFINITY]],
    ['retryForMs', [-1, Number.NaN]],
    ['metricsEveryMs', [0, -1, 2 ** 31]],
    ['signals', ['spans', ['logs'], [1], {}, null]],
    ['dropWhenFull', ['neither', true, null]],
  ])('%s that make no sense are a ConfigError that names option and exporter', (name, values) => {
    for (const value of values) {
      const build = () => telemetry({ ...quiet, exporters: [[exporter('zipkin'), { [name]: value }]] });
      expect(build).toThrow(ConfigError);
      expect(build).toThrow(new RegExp(`zipkin.*${name}`));
    }
  });

  it('that are wrong are all named at once, unknown ones too', () => {
    const wrong = { batchItems: 0, attemptMs: -1, retries: 3 } as Partial<DeliveryOptions>;
    const build = () => telemetry({ ...quiet, exporters: [exporter('ok'), [exporter('bad'), wrong]] });
    expect(build).toThrow(/bad.*batchItems/);
    expect(build).toThrow(/attemptMs/);
    expect(build).toThrow(/retries/);
  });

  it("are the user's over the exporter's own, and undefined ones count for neither", async () => {
    const calls: number[] = [];
    const own = exporter('batches', {
      delivery: { batchItems: 3, maxInFlight: undefined } as object,
      exportSpans: async (spans) => void calls.push(spans.length),
    });
    for (const given of [undefined, { batchItems: 2 }, { batchItems: undefined }]) {
      const { oc } = recorded({ exporters: [given ? [own, given as Partial<DeliveryOptions>] : own] });
      for (let i = 0; i < 6; i++) oc.tracer.startSpan('x').end();
      await oc.flush();
      calls.push(0);
    }
    expect(calls).toEqual([3, 3, 0, 2, 2, 2, 0, 3, 3, 0]);
  });

  it('of signals keep the others away', async () => {
    const called = new Set<string>();
    const both: Exporter = {
      name: 'both',
      exportSpans: async () => void called.add('spans'),
      exportMetrics: async () => void called.add('metrics'),
    };
    const jobs = measure({ name: 'jobs' });
    const views = [view({ measure: jobs, aggregation: count() })];
    const { oc } = recorded({ exporters: [[both, { signals: ['spans'] }]], views });
    oc.tracer.startSpan('x').end();
    oc.stats.record([[jobs, 1]]);
    const [health] = await oc.flush();
    expect([[...called], health?.metrics.state]).toEqual([['spans'], 'unused']);
  });
});

describe('OTEL_METRIC_EXPORT_INTERVAL', () => {
  it.each(['0', '-5', 'soon', '1.5', '1e99', 'NaN'])('%j makes no sense: the default, and one warning', (value) => {
    const { problems } = withEnvironment({ OTEL_METRIC_EXPORT_INTERVAL: value }, () => recorded());
    expect(problems.map(({ severity, message }) => [severity, /OTEL_METRIC_EXPORT_INTERVAL/.test(message)])).toEqual([
      ['warning', true],
    ]);
  });

  it.each(['', ' ', '1000', '1e9'])('%j is fine', (value) => {
    expect(withEnvironment({ OTEL_METRIC_EXPORT_INTERVAL: value }, () => recorded()).problems).toEqual([]);
  });
});

describe('the names of exporters', () => {
  it.each([
    [['zipkin'], ['zipkin']],
    [
      ['zipkin', 'otlp', 'zipkin', 'zipkin'],
      ['zipkin', 'otlp', 'zipkin-2', 'zipkin-3'],
    ],
  ])('%j are told apart as %j', async (given, names) => {
    const { oc } = recorded({ exporters: given.map((name) => exporter(name)) });
    const nameOf = ({ name }: { readonly name: string }) => name;
    expect([oc.health(), await oc.ready, await oc.flush(), await oc.shutdown()].map((all) => all.map(nameOf))).toEqual(
      Array(4).fill(names),
    );
  });

  it.each([
    [['zipkin', 'zipkin', 'zipkin-2']],
    [['zipkin-2', 'zipkin', 'zipkin']],
    [['a', 'a-2', 'a', 'a-2', 'a']],
    [['constructor', '__proto__', 'constructor', '__proto__']],
  ])('of %j are all different', (given) => {
    const names = recorded({ exporters: given.map((name) => exporter(name)) })
      .oc.health()
      .map(({ name }) => name);
    expect(new Set(names).size).toBe(given.length);
  });
});

describe('the warnings of an exporter', () => {
  it('are reported once each, under its own name', async () => {
    const { oc, problems } = recorded({
      exporters: [
        exporter('zipkin', { warnings: ['ZIPKIN_A is wrong', 'ZIPKIN_B is wrong'] }),
        exporter('zipkin', { warnings: ['ZIPKIN_A is wrong'] }),
        exporter('otlp', { warnings: [] }),
      ],
    });
    await oc.ready;
    oc.tracer.startSpan('x').end();
    await oc.flush();
    expect(problems.map(({ exporter, severity }) => [exporter, severity])).toEqual([
      ['zipkin', 'warning'],
      ['zipkin', 'warning'],
      ['zipkin-2', 'warning'],
    ]);
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('ZIPKIN_A is wrong'),
      expect.stringContaining('ZIPKIN_B is wrong'),
      expect.stringContaining('ZIPKIN_A is wrong'),
    ]);
  });
});

describe('problems', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('are by default one line each on console.warn', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    telemetry({ flushOn: [], exporters: [exporter('zipkin', { warnings: ['first\nsecond\r\n\u001b[31mthird'] })] });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]).toHaveLength(1);
    const [line] = warn.mock.calls[0] as [string];
    expect(line).toContain('zipkin');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not be there
    expect(line).not.toMatch(/[\u0000-\u001f\u2028\u2029]/);
  });

  it('do not come out of a call when onError throws', async () => {
    const heard: Problem[] = [];
    const { oc } = recorded({
      exporters: [exporter('zipkin', { warnings: ['one', 'two'] })],
      onError(problem) {
        heard.push(problem);
        throw new Error('broken logger');
      },
    });
    oc.tracer.startSpan('x', { parent: {} as never }).end();
    await oc.flush();
    expect(heard.map(({ severity }) => severity)).toEqual(['warning', 'warning', 'warning']);
  });
});
