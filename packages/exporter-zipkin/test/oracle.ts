import type { SpanData } from '@oc/core/exporter';
import protobuf from 'protobufjs';
import { encodeJson } from '../src/json.ts';
import { encodeProtobuf } from '../src/protobuf.ts';

// Zipkin's definition; on the wire its map<string, string> of tags is this list of entries.
const { root } = protobuf.parse(`
  syntax = "proto3";
  package zipkin.proto3;
  message Span {
    bytes trace_id = 1;
    bytes parent_id = 2;
    bytes id = 3;
    enum Kind { SPAN_KIND_UNSPECIFIED = 0; CLIENT = 1; SERVER = 2; PRODUCER = 3; CONSUMER = 4; }
    Kind kind = 4;
    string name = 5;
    fixed64 timestamp = 6;
    uint64 duration = 7;
    Endpoint local_endpoint = 8;
    Endpoint remote_endpoint = 9;
    repeated Annotation annotations = 10;
    repeated Tag tags = 11;
    bool debug = 12;
    bool shared = 13;
  }
  message Endpoint { string service_name = 1; bytes ipv4 = 2; bytes ipv6 = 3; int32 port = 4; }
  message Annotation { fixed64 timestamp = 1; string value = 2; }
  message Tag { string key = 1; string value = 2; }
  message ListOfSpans { repeated Span spans = 1; }
`);
const ListOfSpans = root.lookupType('zipkin.proto3.ListOfSpans');

/** What Zipkin's JSON says, as any reader of JSON sees it. */
export type Wire = Readonly<Record<string, unknown>>;

export function jsonOf(...spans: SpanData[]): Wire[] {
  return JSON.parse(messageOf(spans, 'checkout'));
}

export function messageOf(spans: readonly SpanData[], serviceName: string): string {
  return encodeJson(spans, serviceName).toString();
}

export function protobufOf(...spans: SpanData[]): Uint8Array {
  return encodeProtobuf(spans, 'checkout', protobuf.Writer.create());
}

/** A span as protobufjs gives it: what was not written has its default. */
interface Decoded {
  readonly traceId: Buffer;
  readonly parentId: Buffer;
  readonly id: Buffer;
  readonly kind: string;
  readonly name: string;
  readonly timestamp: number;
  readonly duration: number;
  readonly localEndpoint: DecodedEndpoint | null;
  readonly remoteEndpoint: DecodedEndpoint | null;
  readonly annotations: readonly Wire[];
  readonly tags: readonly { readonly key: string; readonly value: string }[];
  readonly debug: boolean;
  readonly shared: boolean;
}

interface DecodedEndpoint {
  readonly serviceName: string;
  readonly ipv4: Buffer;
  readonly ipv6: Buffer;
  readonly port: number;
}

/** Protobuf read by protobufjs and put in the words of the JSON, so that the two can be compared. */
export function readProtobuf(message: Uint8Array): Wire[] {
  const options = { longs: Number, enums: String, defaults: true };
  const { spans } = ListOfSpans.toObject(ListOfSpans.decode(message), options) as { spans: Decoded[] };
  return spans.map(({ parentId, kind, localEndpoint, remoteEndpoint, annotations, debug, shared, ...span }) => ({
    ...span,
    traceId: span.traceId.toString('hex'),
    ...(parentId.length > 0 && { parentId: parentId.toString('hex') }),
    id: span.id.toString('hex'),
    ...(kind !== 'SPAN_KIND_UNSPECIFIED' && { kind }),
    ...(localEndpoint && { localEndpoint: endpointOf(localEndpoint) }),
    ...(remoteEndpoint && { remoteEndpoint: endpointOf(remoteEndpoint) }),
    ...(annotations.length > 0 && { annotations }),
    tags: Object.fromEntries(span.tags.map(({ key, value }) => [key, value])),
    ...(debug && { debug }),
    ...(shared && { shared }),
  }));
}

function endpointOf({ serviceName, ipv4, ipv6, port }: DecodedEndpoint): Wire {
  return {
    ...(serviceName && { serviceName }),
    ...(ipv4.length > 0 && { ipv4: ipv4.join('.') }),
    ...(ipv6.length > 0 && { ipv6: ipv6Text(ipv6) }),
    ...(port && { port }),
  };
}

function ipv6Text(address: Buffer): string {
  const groups = address.toString('hex').match(/.{4}/g) ?? [];
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
