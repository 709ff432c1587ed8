import type { Attributes, SpanData, SpanKind } from '@oc/core/exporter';
import { describe, expect, it } from 'vitest';
import { encodeJson } from '../src/json.ts';
import { jsonOf, messageOf, protobufOf, readProtobuf } from './oracle.ts';
import { span } from './samples.ts';

function tagsOf(fields: Partial<SpanData>): unknown {
  return jsonOf(span(fields))[0]?.tags;
}

function annotationsOf(fields: Partial<SpanData>): unknown {
  return jsonOf(span(fields))[0]?.annotations;
}

function remoteEndpointOf(kind: SpanKind, attributes: Attributes): unknown {
  const both = [jsonOf, (each: SpanData) => readProtobuf(protobufOf(each))].map((read) => {
    return read(span({ kind, attributes }))[0]?.remoteEndpoint;
  });
  expect(both[1]).toEqual(both[0]);
  return both[0];
}

describe('ids and kind', () => {
  it('of a root within one service: no parentId, no kind, and neither shared nor debug', () => {
    expect(messageOf([span()], 'checkout')).toBe(
      '[{"traceId":"7d1f4a52c0b94e6388a1d6f05b3e2c97","id":"a3c1f07e5d294b86","name":"GET /cart",' +
        '"timestamp":1735689600250000,"duration":42750,"localEndpoint":{"serviceName":"checkout"},' +
        '"tags":{"census.status_code":"0"}}]',
    );
  });

  it.each([
    ['unspecified', undefined],
    ['client', 'CLIENT'],
    ['server', 'SERVER'],
    ['producer', 'PRODUCER'],
    ['consumer', 'CONSUMER'],
  ] as const)('kind %s becomes %s', (kind, expected) => {
    expect(jsonOf(span({ kind }))[0]?.kind).toBe(expected);
  });

  it('a server span of a remote parent is not shared either', () => {
    const server = jsonOf(span({ kind: 'server', parentSpanId: '1b9e44d2087f6ac5', remoteParent: true }))[0];
    expect(server).not.toHaveProperty('shared');
    expect(server?.parentId).toBe('1b9e44d2087f6ac5');
  });

  it('without a service name there is no local endpoint', () => {
    expect(JSON.parse(messageOf([span()], ''))[0]).not.toHaveProperty('localEndpoint');
  });
});

describe('times', () => {
  const start = 1_735_689_600_250_123;

  it.each([
    ['as they are', start, start + 42_750, [start, 42_750]],
    ['a duration of nothing is 1, since 0 would be absent', start, start, [start, 1]],
    ['so is a start at 1970 or before', 0, 5, [1, 5]],
    ['whole, even if a bridge gives fractions', start + 0.75, start + 2.5, [start, 1]],
    [
      'beyond what a number holds exactly, in digits',
      253_402_300_799_000_000,
      253_402_300_799_000_000 + 2 ** 20,
      [253_402_300_799_000_000, 2 ** 20],
    ],
  ])('%s', (_, start, end, expected) => {
    const [{ timestamp, duration } = {}] = jsonOf(span({ start, end }));
    expect([timestamp, duration]).toEqual(expected);
    expect(messageOf([span({ start, end })], '')).toMatch(/"timestamp":\d+,"duration":\d+,/);
  });
});

describe('tags', () => {
  it('are the attributes as text', () => {
    const attributes = {
      text: 'as is',
      empty: '',
      yes: true,
      no: false,
      whole: 200,
      ratio: 0.25,
      zero: -0,
      large: 1e21,
      nan: Number.NaN,
      infinite: Number.NEGATIVE_INFINITY,
      texts: ['a', 'null'],
      numbers: [1, Number.NaN, Number.POSITIVE_INFINITY],
      flags: [true, false],
      none: [],
    };
    expect(tagsOf({ attributes })).toEqual({
      text: 'as is',
      empty: '',
      yes: 'true',
      no: 'false',
      whole: '200',
      ratio: '0.25',
      zero: '0',
      large: '1e+21',
      nan: 'NaN',
      infinite: '-Infinity',
      texts: '["a","null"]',
      numbers: '[1,"NaN","Infinity"]',
      flags: '[true,false]',
      none: '[]',
      'census.status_code': '0',
    });
  });

  it('may have the names of inherited members', () => {
    const attributes = JSON.parse('{"__proto__":"a","constructor":"b","hasOwnProperty":"c"}');
    expect(messageOf([span({ attributes })], '')).toContain(
      '"tags":{"__proto__":"a","constructor":"b","hasOwnProperty":"c","census.status_code":"0"}',
    );
  });

  it('say in numbers what is missing, and only then', () => {
    expect(tagsOf({ dropped: { attributes: 1, annotations: 2, messageEvents: 3, links: 4 } })).toEqual({
      'census.status_code': '0',
      'otel.dropped_attributes_count': '1',
      'otel.dropped_events_count': '5',
      'otel.dropped_links_count': '4',
    });
  });
});

describe('the status', () => {
  it.each<[string, Partial<SpanData>, Record<string, string>]>([
    ['OK is no error', {}, { 'census.status_code': '0' }],
    [
      'OK may have a message and is no error',
      { status: { code: 0, message: 'cached' } },
      { 'census.status_code': '0', 'census.status_description': 'cached' },
    ],
    [
      'an error is its message',
      { status: { code: 14, message: 'backend down' } },
      { 'census.status_code': '14', 'census.status_description': 'backend down', error: 'backend down' },
    ],
    ['or its name', { status: { code: 14 } }, { 'census.status_code': '14', error: 'UNAVAILABLE' }],
    [
      'or that of an empty message',
      { status: { code: 1, message: '' } },
      { 'census.status_code': '1', error: 'CANCELLED' },
    ],
    [
      "the user's own text wins",
      { status: { code: 2, message: 'm' }, attributes: { error: 'card declined' } },
      { error: 'card declined', 'census.status_code': '2', 'census.status_description': 'm' },
    ],
    [
      'but not a bare true',
      { status: { code: 2 }, attributes: { error: true } },
      { error: 'UNKNOWN', 'census.status_code': '2' },
    ],
    ['true alone marks an error', { attributes: { error: true } }, { error: 'true', 'census.status_code': '0' }],
    [
      'false is no tag, since any text would mark an error',
      { attributes: { error: false } },
      { 'census.status_code': '0' },
    ],
    ["nor is 'false'", { attributes: { error: 'false' } }, { 'census.status_code': '0' }],
    [
      'false does not hide an error',
      { status: { code: 5 }, attributes: { error: 'false' } },
      { error: 'NOT_FOUND', 'census.status_code': '5' },
    ],
    [
      'our names are ours',
      { status: { code: 5, message: 'm' }, attributes: { 'census.status_code': 0, 'census.status_description': 'x' } },
      { 'census.status_code': '5', 'census.status_description': 'm', error: 'm' },
    ],
  ])('%s', (_, fields, expected) => {
    expect(tagsOf(fields)).toEqual(expected);
  });
});

describe('annotations', () => {
  it('are descriptions, with their attributes as JSON, and message events, by time', () => {
    expect(
      annotationsOf({
        annotations: [
          { time: 10, description: 'cache miss', attributes: {} },
          { time: 30, description: 'retry', attributes: { n: 2, why: 'a|b', odd: [Number.NaN], last: false } },
        ],
        messageEvents: [
          { time: 20, type: 'sent', id: 1 },
          { time: 40, type: 'received', id: 1, uncompressedBytes: 512, compressedBytes: 100 },
        ],
      }),
    ).toEqual([
      { timestamp: 10, value: 'cache miss' },
      { timestamp: 20, value: 'SENT' },
      { timestamp: 30, value: 'retry {"n":2,"why":"a|b","odd":["NaN"],"last":false}' },
      { timestamp: 40, value: 'RECEIVED' },
    ]);
  });

  it('of one time keep their order', () => {
    const annotations = ['a', 'b', 'c'].map((description) => ({ time: 7, description, attributes: {} }));
    expect(annotationsOf({ annotations, messageEvents: [{ time: 7, type: 'sent', id: 1 }] })).toEqual(
      ['a', 'b', 'c', 'SENT'].map((value) => ({ timestamp: 7, value })),
    );
  });

  it('of an error tell its type, message and stack', () => {
    const attributes = {
      'exception.type': 'TypeError',
      'exception.message': 'x is "undefined"',
      'exception.stacktrace': 'TypeError: x is "undefined"\n    at charge (shop.js:7:1)',
    };
    expect(annotationsOf({ annotations: [{ time: 7, description: 'exception', attributes }] })).toEqual([
      { timestamp: 7, value: `exception ${JSON.stringify(attributes)}` },
    ]);
  });

  it('are never at 0, which would be absent', () => {
    const annotations = [{ time: 0, description: 'boot', attributes: {} }];
    expect(annotationsOf({ annotations })).toEqual([{ timestamp: 1, value: 'boot' }]);
  });
});

describe('the remote endpoint', () => {
  it.each<[string, Attributes, Record<string, unknown> | undefined]>([
    ['nothing', {}, undefined],
    ['a port alone', { 'net.peer.port': 5432, 'server.port': 5432 }, undefined],
    ['a service', { 'peer.service': 'billing' }, { serviceName: 'billing' }],
    ['an empty service', { 'peer.service': '' }, undefined],
    ['a service that is no text', { 'peer.service': 7 }, undefined],
    [
      "OpenTelemetry's present names",
      {
        'server.address': 'db.internal',
        'server.port': 5432,
        'network.peer.address': '10.0.0.7',
        'network.peer.port': 6432,
      },
      { serviceName: 'db.internal', ipv4: '10.0.0.7', port: 6432 },
    ],
    [
      'a name and its port',
      { 'server.address': 'db.internal', 'server.port': 5432 },
      { serviceName: 'db.internal', port: 5432 },
    ],
    ['an address for a name', { 'server.address': '10.0.0.7', 'server.port': 5432 }, { ipv4: '10.0.0.7', port: 5432 }],
    [
      "OpenTelemetry's older names",
      { 'net.peer.name': 'db.internal', 'net.peer.ip': '10.0.0.7', 'net.peer.port': '5432' },
      { serviceName: 'db.internal', ipv4: '10.0.0.7', port: 5432 },
    ],
    [
      'those in between',
      { 'net.sock.peer.addr': '2001:DB8:0:0::7', 'net.sock.peer.port': 80 },
      { ipv6: '2001:db8::7', port: 80 },
    ],
    [
      'all of them: the service, and the address that is nearest to the socket',
      {
        'net.peer.ip': '10.0.0.9',
        'net.peer.name': 'older.internal',
        'network.peer.address': '10.0.0.7',
        'server.address': 'db.internal',
        'peer.service': 'billing',
      },
      { serviceName: 'billing', ipv4: '10.0.0.7' },
    ],
    ["OpenCensus's http.host", { 'http.host': 'shop.example' }, { serviceName: 'shop.example' }],
    ['http.host with a port', { 'http.host': 'shop.example:8080' }, { serviceName: 'shop.example', port: 8080 }],
    ['http.host with an address', { 'http.host': '10.0.0.7:8080' }, { ipv4: '10.0.0.7', port: 8080 }],
    ['http.host with brackets', { 'http.host': '[2001:db8::7]:8080' }, { ipv6: '2001:db8::7', port: 8080 }],
    ['http.host when there is better', { 'http.host': 'a:1', 'peer.service': 'b' }, { serviceName: 'b' }],
    ['an empty http.host', { 'http.host': '' }, undefined],
  ])('of a client with %s', (_, attributes, expected) => {
    expect(remoteEndpointOf('client', attributes)).toEqual(expected);
  });

  it.each<[string, Record<string, unknown>]>([
    ['0.0.0.0', { ipv4: '0.0.0.0' }],
    ['::ffff:10.0.0.7', { ipv4: '10.0.0.7' }],
    ['::1', { ipv6: '::1' }],
    ['1:2:3:4:5:6:7:8', { ipv6: '1:2:3:4:5:6:7:8' }],
    ['2001:0DB8:0000:0000:0000:0000:0000:0007', { ipv6: '2001:db8::7' }],
    ['64:ff9b::192.0.2.33', { ipv6: '64:ff9b::c000:221' }],
    ['fe80::1%eth0', { ipv6: 'fe80::1' }],
    ['::', { ipv6: '::' }],
    ['1::', { ipv6: '1::' }],
    ['10.0.0.256', { serviceName: '10.0.0.256' }],
    ['10.0.0', { serviceName: '10.0.0' }],
    ['/run/db.sock', { serviceName: '/run/db.sock' }],
    ['1:2:3', { serviceName: '1:2:3' }],
  ])('of the address %s', (address, expected) => {
    expect(remoteEndpointOf('client', { 'network.peer.address': address })).toEqual(expected);
  });

  it.each([
    [1, 1],
    [65_535, 65_535],
    ['443', 443],
    [0, undefined],
    [65_536, undefined],
    [80.5, undefined],
    ['', undefined],
    ['http', undefined],
    [Number.NaN, undefined],
    [true, undefined],
  ])('has for the port %s: %s', (given, port) => {
    expect(
      remoteEndpointOf('client', { 'peer.service': 'x', 'net.peer.ip': '10.0.0.7', 'net.peer.port': given }),
    ).toEqual({
      serviceName: 'x',
      ipv4: '10.0.0.7',
      ...(port && { port }),
    });
  });

  it('of a server is its caller, not itself', () => {
    const itself = { 'server.address': 'shop.example', 'server.port': 443, 'http.host': 'shop.example' };
    expect(remoteEndpointOf('server', itself)).toBeUndefined();
    const caller = { 'client.address': '10.0.0.9', 'client.port': 50_123, 'network.peer.address': '10.0.0.1' };
    expect(remoteEndpointOf('server', { ...itself, ...caller })).toEqual({ ipv4: '10.0.0.9', port: 50_123 });
    expect(remoteEndpointOf('server', { 'net.peer.ip': '::1', 'net.peer.port': 7 })).toEqual({ ipv6: '::1', port: 7 });
  });

  it.each(['producer', 'consumer'] as const)('of a %s is the broker', (kind) => {
    const attributes = { 'server.address': 'kafka.internal', 'server.port': 9092 };
    expect(remoteEndpointOf(kind, attributes)).toEqual({ serviceName: 'kafka.internal', port: 9092 });
  });

  it('is not there within one service', () => {
    expect(remoteEndpointOf('unspecified', { 'peer.service': 'billing' })).toBeUndefined();
  });
});

describe('JSON', () => {
  it('does not look like version 1 to Zipkin, whatever the texts are', () => {
    const attributes = { myAnnotations: 'yAnnotations', 'a\\yAnnotations': '"binaryAnnotations"' };
    const json = messageOf([span({ attributes })], '');
    expect(json).not.toContain('yAnnotations"');
    expect(JSON.parse(json)[0].tags).toEqual({ ...attributes, 'census.status_code': '0' });
  });

  it('is valid even with halves of characters, which core would have replaced', () => {
    const message = encodeJson([span({ attributes: { short: '\ud800', long: `\udc00${'x'.repeat(100)}` } })], '');
    const [{ tags }] = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(message));
    expect(Object.keys(tags)).toEqual(['short', 'long', 'census.status_code']);
  });

  it('is one array of all spans', () => {
    expect(jsonOf(span({ name: 'a' }), span({ name: 'b' })).map(({ name }) => name)).toEqual(['a', 'b']);
  });
});
