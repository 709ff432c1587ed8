import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium } from './receivers/chromium.ts';
import { collector } from './receivers/collector.ts';
import { COLLECTOR_RECEIVERS } from './receivers/collector-config.ts';
import { ddapm } from './receivers/ddapm.ts';
import { openMetrics } from './receivers/openmetrics.ts';
import { prometheus } from './receivers/prometheus.ts';
import { promtool } from './receivers/promtool.ts';
import { pushgateway } from './receivers/pushgateway.ts';
import { receiving } from './receivers/receiving.ts';
import { type SocketWatch, watchSockets } from './receivers/sockets.ts';
import { statsdExporter } from './receivers/statsd-exporter.ts';
import { zipkinServer } from './receivers/zipkin.ts';

// Each receiver is started, takes something, gives it back and refuses something; what it proves of an exporter is in
// that exporter's tests. Meanwhile their sockets are watched.

const sockets: SocketWatch | undefined = process.platform === 'linux' ? watchSockets() : undefined;
afterAll(() => sockets?.stop());

const second = 1_735_689_600;

async function sendByTcp(address: string, text: string): Promise<void> {
  const [host, port] = address.split(':');
  const socket = connect(Number(port), host);
  await once(socket.end(text).resume(), 'close');
}

async function sendByUdp(address: string, ...texts: string[]): Promise<void> {
  const [host, port] = address.split(':');
  const socket = createSocket('udp4');
  for (const text of texts) await new Promise((resolve) => socket.send(text, Number(port), host, resolve));
  socket.close();
}

function post(url: string, type: string, body: string | Uint8Array): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { 'content-type': type }, body });
}

describe('promtool', () => {
  const judge = receiving(promtool);

  it('has nothing against a sound page, and says what is wrong with others', async () => {
    expect(await judge().complaints('# HELP a_total Sum.\n# TYPE a_total counter\na_total 1\n')).toEqual([]);
    expect(await judge().complaints('# TYPE a counter\na 1\n')).toEqual([
      'a counter metrics should have "_total" suffix',
      'a no help text',
    ]);
    expect(await judge().complaints('a one\n')).toEqual([
      expect.stringMatching(/^error while linting: text format parsing error in line 1: expected float/),
    ]);
  });
});

describe('the strict parser of OpenMetrics', () => {
  const parser = receiving(openMetrics);

  it('gives what a page says', async () => {
    const page = `# HELP lat_ms Time to "answer".
# TYPE lat_ms histogram
# UNIT lat_ms ms
lat_ms_bucket{who="P\\"O\\\\S\\n",le="5.0"} 1 # {trace_id="0af7"} 4.5 1735689600.25
lat_ms_bucket{who="P\\"O\\\\S\\n",le="+Inf"} 2
lat_ms_count{who="P\\"O\\\\S\\n"} 2
lat_ms_sum{who="P\\"O\\\\S\\n"} 12.5
# EOF
`;
    const who = 'P"O\\S\n';
    const exemplar = { labels: { trace_id: '0af7' }, value: '4.5', timestamp: '1735689600.250000000' };
    expect(await parser().complaints(page)).toEqual([]);
    expect(await parser().families(page)).toEqual([
      {
        name: 'lat_ms',
        type: 'histogram',
        help: 'Time to "answer".',
        unit: 'ms',
        samples: [
          { name: 'lat_ms_bucket', labels: { who, le: '5.0' }, value: '1', exemplar },
          { name: 'lat_ms_bucket', labels: { who, le: '+Inf' }, value: '2' },
          { name: 'lat_ms_count', labels: { who }, value: '2' },
          { name: 'lat_ms_sum', labels: { who }, value: '12.5' },
        ],
      },
    ]);
  });

  it.each([
    ['the end is missing', 'a 1\n', 'Missing # EOF at end'],
    ['a counter has no _total', '# TYPE a counter\na 1\n# EOF\n', 'Clashing name: a'],
    ['the last bucket is missing', '# TYPE a histogram\na_bucket{le="1.0"} 1\n# EOF\n', '+Inf bucket missing: a'],
  ])('refuses a page where %s', async (_, page, reason) => {
    expect(await parser().complaints(page)).toEqual([`ValueError: ${reason}`]);
    await expect(parser().families(page)).rejects.toThrow(reason);
  });
});

describe('Prometheus', () => {
  const pages: Record<string, string> = {
    '/good': '# TYPE a counter\n# HELP a Of all.\na_total{k="v"} 3 # {trace_id="0af7"} 1\n# EOF\n',
    '/bad': 'b 1\nthis is no metric\n# EOF\n',
  };
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/openmetrics-text; version=1.0.0; charset=utf-8');
    response.end(pages[request.url ?? '']);
  });
  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(() => server.close());
  const origin = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const running = receiving(prometheus, () => ({ pages: { good: `${origin()}/good`, bad: `${origin()}/bad` } }));

  it('has what a page says, and nothing of a page with a bad line', async () => {
    const labels = { k: 'v', job: 'good', instance: origin().slice('http://'.length) };
    expect(await running().query('a_total')).toEqual([{ metric: { __name__: 'a_total', ...labels }, value: '3' }]);
    expect(await running().metadata('a')).toEqual([{ type: 'counter', help: 'Of all.', unit: '' }]);
    expect(await running().exemplars('a_total')).toMatchObject([
      { seriesLabels: labels, exemplars: [{ labels: { trace_id: '0af7' }, value: '1' }] },
    ]);
    expect(await running().target('good')).toEqual({ health: 'up', lastError: '' });
    expect(await running().target('bad')).toEqual({
      health: 'down',
      lastError: 'strconv.ParseFloat: parsing "is": invalid syntax',
    });
    expect(await running().query('b', ({ length }) => length === 0)).toEqual([]);
  });
});

describe('Pushgateway', () => {
  const running = receiving(pushgateway);

  it('keeps a page that is pushed, refuses a bad one with its reason, and forgets one', async () => {
    const group = `${running().origin}/metrics/job/shop/instance/a`;
    const push = (body: string): Promise<Response> => fetch(group, { method: 'PUT', body });
    expect((await push('# TYPE a_total counter\na_total{k="v"} 3\n')).status).toBe(200);
    expect(await running().groups()).toMatchObject([
      {
        labels: { job: 'shop', instance: 'a' },
        a_total: { type: 'COUNTER', metrics: [{ labels: { k: 'v' }, value: '3' }] },
      },
    ]);
    const refused = await push('a_total 3 1735689600000\n');
    expect(refused.status).toBe(400);
    expect(await refused.text()).toMatch(/pushed metrics must not have timestamps/);
    expect((await fetch(group, { method: 'DELETE' })).status).toBe(202);
    expect(await running().groups()).toEqual([]);
  });
});

describe('statsd_exporter', () => {
  const running = receiving(statsdExporter);

  it('has what datagrams and lines say, with tags, and nothing of a bad one', async () => {
    await sendByUdp(running().address, 'shop.orders:3|c|#env:prod', 'shop.bad:many|c', 'shop.load:0.5|g');
    await sendByTcp(running().address, 'shop.orders:4|c|#env:test\n');
    expect(await running().value('shop_orders{env="prod"}')).toBe(3);
    expect(await running().value('shop_orders{env="test"}')).toBe(4);
    expect(await running().value('shop_load')).toBe(0.5);
    expect(await running().value('statsd_exporter_sample_errors_total{reason="malformed_value"}')).toBe(1);
    expect(await running().page(() => true)).not.toMatch(/shop_bad/);
  });
});

describe("Datadog's agent for tests", () => {
  const running = receiving(ddapm);

  function put(token: string, traces: unknown, count = 1): Promise<Response> {
    return fetch(`${running().origin}/v0.4/traces`, {
      method: 'PUT',
      headers: {
        'content-type': 'application/json',
        'datadog-meta-tracer-version': '1',
        'x-datadog-trace-count': `${count}`,
        'x-datadog-test-session-token': token,
      },
      body: JSON.stringify(traces).replaceAll('"big"', '9223372036854775809'),
    });
  }

  it('answers on a Unix socket as well', async () => {
    const info = request({ socketPath: running().socketPath, path: '/info' }).end();
    const [answer] = (await once(info, 'response')) as [IncomingMessage];
    expect(await json(answer)).toMatchObject({ endpoints: expect.arrayContaining(['/v0.4/traces']) });
  });

  it('has a trace with its wide numbers, refuses a bad one with its reason, and forgets it', async () => {
    const span = { trace_id: 'big', span_id: 7, parent_id: 0, service: 's', name: 'n', resource: 'r', error: 0 };
    const times = { start: 1_735_689_600_000_000, duration: 5 };
    const texts = {
      trace_id: '9223372036854775809',
      span_id: '7',
      parent_id: '0',
      start: '1735689600000000',
      duration: '5',
    };
    const meta = { 'a "span_id": 5': '"trace_id": 7' };
    expect((await put('good', [[{ ...span, ...times, meta }]])).status).toBe(200);
    expect(await running().traces('good')).toMatchObject([[{ ...span, ...texts, meta }]]);
    expect(await running().requests('good')).toMatchObject([{ method: 'PUT' }]);

    const refused = await put('bad', [[{ ...span, ...times, meta: { a: 5 } }]]);
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining("to be of type: 'str'")]);
    await expect(running().traces('bad')).rejects.toThrow("to be of type: 'str'");
    await running().clear('bad');
    expect(await running().traces('bad')).toEqual([]);
    expect((await put('count', [[{ ...span, ...times }]], 2)).status).toBe(400);
  });
});

describe('Zipkin', () => {
  const running = receiving(zipkinServer);

  it('has a span, and refuses a bad one with its reason', async () => {
    const span = { traceId: '7d1f4a52c0b94e63', id: 'a3c1f07e5d294b86', timestamp: second * 1e6, duration: 5 };
    const url = `${running().origin}/api/v2/spans`;
    expect((await post(url, 'application/json', JSON.stringify([span]))).status).toBe(202);
    expect(await running().spans('7d1f4a52c0b94e63', 1)).toEqual([span]);
    const refused = await post(url, 'application/json', JSON.stringify([{ ...span, id: 'none' }]));
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('should be lower-hex')]);
  });
});

describe('Chromium', () => {
  const running = receiving(chromium);
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<p>no script</p><script>document.querySelector("p").textContent = "a script"</script>');
  });
  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(() => server.close());

  it('shows a page and runs its script', async () => {
    const page = await running().context.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    expect(await page.textContent('p')).toBe('a script');
  });
});

describe('the Collector', () => {
  const running = receiving(collector, {
    receivers: Object.fromEntries(COLLECTOR_RECEIVERS.map((name) => [name, {}])),
  });

  it('gives spans back with their types, and tells what came instead of those that a test waits for', async () => {
    const span = {
      traceId: '7d1f4a52c0b94e6388a1d6f05b3e2c97',
      spanId: 'a3c1f07e5d294b86',
      parentSpanId: '',
      name: 'charge',
      kind: 3,
      startTimeUnixNano: '1735689600250000000',
      endTimeUnixNano: '1735689600292750000',
      attributes: [{ key: 'n', value: { intValue: '9007199254740993' } }],
      status: {},
    };
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] };
    const sent = (traceId: string): string =>
      JSON.stringify({
        resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'oc' }, spans: [{ ...span, traceId }] }] }],
      });
    const url = `http://${running().address('otlp/http')}/v1/traces`;
    expect((await post(url, 'application/json', sent(span.traceId))).status).toBe(200);
    expect((await post(url, 'application/json', sent('zz'))).status).toBe(400);
    expect(await running().traces(({ length }) => length > 0)).toEqual([
      {
        ...span,
        resource: { 'service.name': { stringValue: 'shop' } },
        scope: { name: 'oc' },
        attributes: { n: { intValue: '9007199254740993' } },
      },
    ]);
    await expect(running().traces(({ length }) => length > 1, 0)).rejects.toThrow(
      /^the Collector's traces: not enough within 0 ms; there is: [\s\S]*"name": "charge"[\s\S]*it complained: of nothing$/,
    );
  });

  it('tells in its log what it refused of datagrams and lines', async () => {
    await sendByUdp(running().address('jaeger/thrift_compact'), 'nonsense');
    expect(await running().logged(/Processor failed/)).toMatchObject({
      level: 'error',
      'otelcol.component.id': 'jaeger',
      error: 'Expected protocol id 82 but got 6e',
    });
    await sendByTcp(running().address('carbon'), 'shop.bad notanumber\n');
    expect(await running().logged(/invalid carbon metric/)).toMatchObject({ 'otelcol.component.id': 'carbon' });
  });

  it.each([
    ['carbon', (to: string) => sendByTcp(to, `shop.carbon 3.5 ${second}\n`)],
    ['wavefront', (to: string) => sendByTcp(to, `shop.wavefront 3.5 ${second} source=a\n`)],
    ['statsd', (to: string) => sendByUdp(to, 'shop.statsd:3.5|g')],
    ['influxdb', (to: string) => post(`http://${to}/write?precision=s`, 'text/plain', `shop.influxdb f=3.5 ${second}`)],
    // DataPointUploadMessage { datapoints { metric: 'shop.signalfx', value { doubleValue: 3.5 } } }
    [
      'signalfx',
      (to: string) =>
        post(
          `http://${to}/v2/datapoint`,
          'application/x-protobuf',
          Buffer.concat([
            Buffer.from([0x0a, 28, 0x12, 15]),
            Buffer.from('shop.signalfx_f'),
            Buffer.from('220911' + '0000000000000c40', 'hex'),
          ]),
        ),
    ],
  ] as const)('takes metrics by %s', async (name, send) => {
    await send(running().address(name));
    const metrics = await running().metrics((all) => all.some((metric) => metric.name.startsWith(`shop.${name}`)));
    expect(metrics.find((metric) => metric.name.startsWith(`shop.${name}`))).toMatchObject({
      gauge: { dataPoints: [{ asDouble: 3.5 }] },
    });
  });

  it('takes spans by awsxray', async () => {
    const segment = { id: '70de5b6f19ff9a0a', name: 'shop', trace_id: '1-6b04c3e4-0123456789abcdef01234567' };
    const document = JSON.stringify({ ...segment, start_time: second, end_time: second + 1 });
    await sendByUdp(running().address('awsxray'), `{"format":"json","version":1}\n${document}`);
    const spans = await running().traces((all) => all.some(({ spanId }) => spanId === segment.id));
    expect(spans.find(({ spanId }) => spanId === segment.id)).toMatchObject({
      traceId: '6b04c3e40123456789abcdef01234567',
      name: 'shop',
    });
  });
});

describe('all of them', () => {
  it('spoke to nobody beyond this machine and were open to nobody there', (test) => {
    test.skip(sockets === undefined, 'only Linux tells the sockets of a program');
    expect([...(sockets?.strangers ?? [])]).toEqual([]);
  });

  it('would have been seen otherwise', async (test) => {
    test.skip(sockets === undefined, 'only Linux tells the sockets of a program');
    const program = `require('node:dgram').createSocket('udp4').connect(9, '192.0.2.1')`; // sends nothing
    const child = spawn(process.execPath, ['-e', program]);
    test.onTestFinished(() => void child.kill());
    await expect
      .poll(() => [...(sockets?.strangers ?? [])], { timeout: 20_000 })
      .toEqual([expect.stringMatching(/^node at .* to 192\.0\.2\.1:9$/)]);
  });
});
