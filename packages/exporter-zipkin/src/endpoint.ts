import type { AttributeValue, SpanKind } from '@oc/core/exporter';

/** Attributes in turn, key, value, key, value. */
export type AttributeList = readonly (string | AttributeValue)[];

/** One end of a call, in Zipkin's terms. Undefined means left out. */
export interface Endpoint {
  readonly serviceName?: string | undefined;
  readonly ipv4?: string | undefined;
  /** In its shortest form, lower case: '2001:db8::7'. */
  readonly ipv6?: string | undefined;
  /** 1 to 65535. */
  readonly port?: number | undefined;
}

// The attributes that name the other end of a call, best first, each with the one that holds its port: OpenTelemetry's
// present names, its older ones, and OpenCensus's http.host. The last and `server.address` are a server's own.
const SERVICE = { host: 'peer.service', port: '' };
const SOCKET = [
  { host: 'net.peer.name', port: 'net.peer.port' },
  { host: 'network.peer.address', port: 'network.peer.port' },
  { host: 'net.sock.peer.addr', port: 'net.sock.peer.port' },
  { host: 'net.peer.ip', port: 'net.peer.port' },
];
const CALLED = [SERVICE, { host: 'server.address', port: 'server.port' }, ...SOCKET, { host: 'http.host', port: '' }];
const CALLER = [SERVICE, { host: 'client.address', port: 'client.port' }, ...SOCKET];
const PEER: Readonly<Record<SpanKind, typeof SOCKET>> = {
  client: CALLED,
  producer: CALLED,
  consumer: CALLED,
  server: CALLER,
  unspecified: [],
};

interface Peer {
  readonly host: string;
  readonly port: AttributeValue | undefined;
}

/** The other end of the call that a span stands for, as far as its attributes tell: the best name, address and port. */
export function remoteEndpointOf(kind: SpanKind, attributes: AttributeList): Endpoint | undefined {
  let name: Peer | undefined;
  let address: Peer | undefined;
  for (const { host: key, port } of PEER[kind]) {
    const host = attributeOf(attributes, key);
    if (typeof host !== 'string' || host === '') continue;
    const peer = key === 'http.host' ? peerOfHeader(host) : { host, port: attributeOf(attributes, port) };
    if (isAddress(peer.host)) address ??= peer;
    else name ??= peer;
  }
  if (!name && !address) return undefined;
  const ip = address && plainAddress(address.host);
  return {
    serviceName: name?.host,
    ipv4: ip?.includes(':') ? undefined : ip,
    ipv6: ip?.includes(':') ? ip : undefined,
    port: portOf(address?.port) ?? portOf(name?.port),
  };
}

function attributeOf(attributes: AttributeList, key: string): AttributeValue | undefined {
  for (let i = 0; i < attributes.length; i += 2) {
    if (attributes[i] === key) return attributes[i + 1];
  }
  return undefined;
}

/** Of a Host header: 'shop.example', 'shop.example:8080', '[2001:db8::7]:8080'. */
function peerOfHeader(header: string): Peer {
  const [, host = header, port] = /^\[?(.+?)\]?(?::(\d+))?$/.exec(header) ?? [];
  return { host, port };
}

function isAddress(host: string): boolean {
  return /^[\d.]+$|:/.test(host) && isIP(host) !== 0; // isIP alone takes microseconds to refuse a name
}

/** An IPv4 address, or an IPv6 address in its shortest form. */
function plainAddress(address: string): string {
  if (!address.includes(':')) return address; // IPv4 has one form only
  // Servers that listen to both families see 10.0.0.7 as ::ffff:10.0.0.7. A zone, as in fe80::1%eth0, is a local matter.
  const plain = address.replace(/^::ffff:(?=\d+\.)|%.*$/gi, '');
  return isIP(plain) === 4 ? plain : new URL(`http://[${plain}]`).hostname.slice(1, -1);
}

function portOf(value: AttributeValue | undefined): number | undefined {
  const port = typeof value === 'string' ? Number(value) : value;
  return typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : undefined;
}

/** 4 or 6 for an address of that family, else 0. By a module that is not loaded at start-up: it costs 2 ms. */
function isIP(text: string): number {
  return process.getBuiltinModule('node:net').isIP(text);
}
