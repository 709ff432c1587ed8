import { once } from 'node:events';
import { Agent } from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { ExportCall, Metric, NumberMetric } from '@oc/core/exporter';
import { describe, expect, it } from 'vitest';
import { type OtlpOptions, otlp } from '../src/index.ts';
import { backend } from './backend.ts';
import { decoded, encoded } from './oracle.ts';
import { call, span } from './samples.ts';

const ACCEPTED = { 'content-type': 'application/x-protobuf' };

async function send(options: OtlpOptions, fields: Partial<ExportCall> = {}, count = 1): Promise<void> {
  const exporter = otlp(options);
  try {
    await exporter.exportSpans?.(Array(count).fill(span()), call(fields));
  } finally {
    await exporter.close?.(AbortSignal.timeout(1_000));
  }
}

/** How a call ends when the server answers so. */
async function failureOf(status: number, headers = {}, body = '', options: OtlpOptions = {}): Promise<unknown> {
  const { host } = await backend(status, headers, body);
  const error = await send({ url: `http://${host}`, ...options }, {}, 3).then(
    () => 'accepted',
    (reason) => reason,
  );
  if (error === 'accepted') return error;
  const { failure, message, retryAfterMs, count } = error;
  return { failure, message: message.replace(host, 'HOST'), retryAfterMs, count };
}

function told(failure: string, message: string, more: { retryAfterMs?: number; count?: number } = {}): object {
  return {
    failure,
    message: `otlp: POST http://HOST/v1/traces ${message}`,
    retryAfterMs: undefined,
    count: undefined,
    ...more,
  };
}

describe('a request', () => {
  it('is a POST of protobuf to the path of its signal, with our name', async () => {
    const { host, arrivals } = await backend(200, ACCEPTED);
    const exporter = otlp({ url: `http://${host}` });
    await exporter.exportSpans?.([span()], call());
    await exporter.exportMetrics?.([total(3)], call());
    expect(
      arrivals.map(({ method, path, headers }) => [method, path, headers['content-type'], headers['user-agent']]),
    ).toEqual([
      ['POST', '/v1/traces', 'application/x-protobuf', 'oc-exporter-otlp-node'],
      ['POST', '/v1/metrics', 'application/x-protobuf', 'oc-exporter-otlp-node'],
    ]);
  });

  it("has the user's headers, but tells its own type", async () => {
    const { host, arrivals } = await backend(200, ACCEPTED);
    await send({
      url: `http://${host}`,
      headers: { 'X-Key': 'k', 'User-Agent': 'mine', 'Content-Type': 'text/plain' },
    });
    expect(arrivals[0]?.headers).toMatchObject({
      'x-key': 'k',
      'user-agent': 'mine',
      'content-type': 'application/x-protobuf',
    });
  });

  it('is compressed when asked to', async () => {
    const { host, arrivals } = await backend(200, ACCEPTED);
    await send({ url: `http://${host}`, compression: 'gzip' }, {}, 100);
    const [arrival] = arrivals;
    expect(arrival?.headers['content-encoding']).toBe('gzip');
    const { resourceSpans } = decoded('traces', gunzipSync(arrival?.body ?? ''));
    expect(resourceSpans).toHaveLength(1);
  });

  it('of more than 4 MiB is refused before it is sent, unless it is of one item', async () => {
    const { host, arrivals } = await backend(200, ACCEPTED);
    const exporter = otlp({ url: `http://${host}` });
    const large = span({ attributes: { text: 'x'.repeat(3_000_000) } });
    await expect(exporter.exportSpans?.([large, large], call())).rejects.toMatchObject({
      failure: 'too-large',
      message: expect.stringMatching(/^otlp: 2 items make a message of 60\d{5} bytes, above the customary 4194304$/),
    });
    expect(arrivals).toEqual([]);
    await exporter.exportSpans?.([span({ attributes: { text: 'x'.repeat(5_000_000) } })], call());
    expect(arrivals).toHaveLength(1);
  });

  it('ends at the timeout of its own signal', async () => {
    const { host } = await backend(200, ACCEPTED, '', () => {});
    process.env.OTEL_EXPORTER_OTLP_TRACES_TIMEOUT = '50';
    try {
      expect(otlp().delivery).toEqual({ attemptMs: 10_000, batchItems: 2_048 });
      await expect(send({ url: `http://${host}` })).rejects.toMatchObject({
        failure: 'unavailable',
        message: expect.stringContaining('aborted due to timeout'),
      });
    } finally {
      delete process.env.OTEL_EXPORTER_OTLP_TRACES_TIMEOUT;
    }
  });

  it('goes over a fresh socket when the server has closed the idle one: no batch is lost', async () => {
    const { host, arrivals } = await backend(200, ACCEPTED);
    const exporter = otlp({ url: `http://${host}` });
    for (let round = 0; round < 5; round++) {
      await exporter.exportSpans?.([span()], call());
      const { socket } = arrivals[round] as (typeof arrivals)[number];
      socket.end();
      await once(socket, 'close');
    }
    expect(new Set(arrivals.map(({ socket }) => socket)).size).toBe(5);
  });

  it("uses the user's fetch, or agent", async () => {
    const { host, arrivals } = await backend(200, ACCEPTED);
    const agent = new Agent({ keepAlive: true });
    await send({ url: `http://${host}`, fetch });
    await send({ url: `http://${host}`, agent });
    agent.destroy();
    expect(arrivals).toHaveLength(2);
  });
});

describe('an answer over HTTP', () => {
  it.each([
    [400, 'poisoned'],
    [401, 'misconfigured'],
    [403, 'misconfigured'],
    [404, 'misconfigured'],
    [405, 'misconfigured'],
    [408, 'rejected'],
    [409, 'rejected'],
    [413, 'too-large'],
    [415, 'misconfigured'],
    [429, 'unavailable'],
    [500, 'rejected'],
    [501, 'misconfigured'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [504, 'unavailable'],
    [507, 'rejected'],
  ])('of %i means %s', async (status, failure) => {
    expect(await failureOf(status, {}, 'why')).toEqual(told(failure, `answered ${status}: why`));
  });

  it('says why and when in a status, in protobuf or JSON', async () => {
    const status =
      '080e1204627573791a300a28747970652e676f6f676c65617069732e636f6d2f676f6f676c652e7270632e5265747279496e666f1204' +
      '0a02081e';
    const busy = told('unavailable', 'answered 503: busy', { retryAfterMs: 30_000 });
    expect(await failureOf(503, ACCEPTED, Buffer.from(status, 'hex').toString('latin1'))).toEqual(busy);
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '30s' }];
    const json = JSON.stringify({ code: 14, message: 'busy', details });
    expect(await failureOf(503, {}, json, { protocol: 'http/json' })).toEqual(busy);
  });

  it('that took a part counts the rest as rejected, with the reason of the server', async () => {
    const partial = { partialSuccess: { rejectedSpans: 2, errorMessage: 'too old' } };
    const inProtobuf = Buffer.from(encoded('tracesAnswer', partial)).toString('latin1');
    const expected = told('rejected', 'refused 2 of 3: too old', { count: 2 });
    expect(await failureOf(200, ACCEPTED, inProtobuf)).toEqual(expected);
    expect(await failureOf(200, {}, JSON.stringify(partial), { protocol: 'http/json' })).toEqual(expected);
  });

  it('never counts more than there were', async () => {
    const partial = { partialSuccess: { rejectedSpans: '99' } };
    expect(await failureOf(200, {}, JSON.stringify(partial), { protocol: 'http/json' })).toEqual(
      told('rejected', 'refused 3 of 3', { count: 3 }),
    );
  });

  it.each([
    [
      'that has something to say besides',
      '{"partialSuccess":{"errorMessage":"use v2\\nsoon"}}',
      'accepted it and says: use v2 soon',
    ],
    ['that cannot be read', '{"partial', 'accepted it, with an answer that cannot be read'],
  ])('%s is a yes with a warning', async (_, body, warning) => {
    const { host } = await backend(200, { 'content-type': 'application/json' }, body);
    const warnings: string[] = [];
    await send({ url: `http://${host}` }, { warn: (message) => void warnings.push(message) });
    expect(warnings).toEqual([`otlp: POST http://${host}/v1/traces ${warning}`]);
  });

  it('that repeats a key does not show it', async () => {
    const body = JSON.stringify({ partialSuccess: { rejectedSpans: 1, errorMessage: 'hush-hush is of no use' } });
    const options = { protocol: 'http/json', headers: { 'x-key': 'hush-hush' } } as const;
    expect(await failureOf(200, {}, body, options)).toEqual(
      told('rejected', 'refused 1 of 3: *** is of no use', { count: 1 }),
    );
  });
});

describe('deltas', () => {
  it('are what was added since the last message that may have arrived', async () => {
    const answers = [200, 503, 400, 200];
    const { host, arrivals } = await backend(200, ACCEPTED, '', (response) =>
      response.writeHead(answers.shift() ?? 200).end(),
    );
    const exporter = otlp({ url: `http://${host}`, temporality: 'delta' });
    for (const value of [3, 5, 9, 10, 10]) {
      await exporter.exportMetrics?.([total(value)], call()).catch(() => 'refused');
    }
    const sent = arrivals.map(({ body }) => pointIn(body));
    expect(sent).toEqual([
      { asInt: '3', startTimeUnixNano: '1000', timeUnixNano: '3000000' },
      { asInt: '2', startTimeUnixNano: '3000000', timeUnixNano: '5000000' },
      { asInt: '6', startTimeUnixNano: '3000000', timeUnixNano: '9000000' },
      { asInt: '7', startTimeUnixNano: '3000000', timeUnixNano: '10000000' },
    ]);
  });

  it('of which a part was refused are not sent again', async () => {
    const partial = { partialSuccess: { rejectedDataPoints: 1 } };
    const { host, arrivals } = await backend(
      200,
      ACCEPTED,
      Buffer.from(encoded('metricsAnswer', partial)).toString('latin1'),
    );
    const exporter = otlp({ url: `http://${host}`, temporality: 'lowmemory' });
    for (const value of [3, 5]) {
      await expect(exporter.exportMetrics?.([total(value)], call())).rejects.toMatchObject({
        failure: 'rejected',
        count: 1,
      });
    }
    expect(arrivals.map(({ body }) => (pointIn(body) as { asInt: string }).asInt)).toEqual(['3', '2']);
  });
});

it('a metric of a type that is not known is skipped, with a warning', async () => {
  const { host, arrivals } = await backend(200, ACCEPTED);
  const warnings: string[] = [];
  const strange = { ...total(1), type: 'summary' } as unknown as Metric;
  const warn = (message: string): void => void warnings.push(message);
  await otlp({ url: `http://${host}` }).exportMetrics?.([strange, total(3)], call({ warn }));
  expect(warnings).toEqual(['otlp: metrics of a type that is not known here were skipped: 1']);
  expect(arrivals).toHaveLength(1);
});

/** A count since the first microsecond, read after as many milliseconds. */
function total(value: number): NumberMetric {
  return {
    type: 'cumulative',
    name: 'shop/orders',
    description: '',
    unit: '1',
    labelKeys: [],
    valueType: 'int64',
    timeSeries: [{ labelValues: [], start: 1, time: value * 1_000, value }],
  };
}

function pointIn(body: Uint8Array): unknown {
  const text = JSON.stringify(decoded('metrics', body));
  return JSON.parse(/"dataPoints":\[(.*?)\]/.exec(text)?.[1] ?? 'null');
}
