import protobuf from 'protobufjs';

// The published definitions, as far as this exporter writes them, in a form that protobufjs reads: an independent decoder.
const { root } = protobuf.parse(`
  syntax = "proto3";
  package oc;

  message Timestamp { int64 seconds = 1; int32 nanos = 2; }
  message BoolValue { bool value = 1; }
  message UInt32Value { uint32 value = 1; }

  message Node {
    ProcessIdentifier identifier = 1;
    LibraryInfo library_info = 2;
    ServiceInfo service_info = 3;
    map<string, string> attributes = 4;
  }
  message ProcessIdentifier { string host_name = 1; uint32 pid = 2; Timestamp start_timestamp = 3; }
  message LibraryInfo { int32 language = 1; string exporter_version = 2; string core_library_version = 3; }
  message ServiceInfo { string name = 1; }
  message Resource { string type = 1; map<string, string> labels = 2; }

  message ExportTraceServiceRequest { Node node = 1; repeated Span spans = 2; Resource resource = 3; }
  message TruncatableString { string value = 1; int32 truncated_byte_count = 2; }
  message AttributeValue {
    oneof value {
      TruncatableString string_value = 1;
      int64 int_value = 2;
      bool bool_value = 3;
      double double_value = 4;
    }
  }
  message Attributes { map<string, AttributeValue> attribute_map = 1; int32 dropped_attributes_count = 2; }
  message Annotation { TruncatableString description = 1; Attributes attributes = 2; }
  message MessageEvent { int32 type = 1; uint64 id = 2; uint64 uncompressed_size = 3; uint64 compressed_size = 4; }
  message TimeEvent { Timestamp time = 1; oneof value { Annotation annotation = 2; MessageEvent message_event = 3; } }
  message TimeEvents {
    repeated TimeEvent time_event = 1;
    int32 dropped_annotations_count = 2;
    int32 dropped_message_events_count = 3;
  }
  message Entry { string key = 1; string value = 2; }
  message Tracestate { repeated Entry entries = 1; }
  message Link { bytes trace_id = 1; bytes span_id = 2; int32 type = 3; Attributes attributes = 4; Tracestate tracestate = 5; }
  message Links { repeated Link link = 1; int32 dropped_links_count = 2; }
  message Status { int32 code = 1; string message = 2; }
  message Span {
    bytes trace_id = 1;
    bytes span_id = 2;
    bytes parent_span_id = 3;
    TruncatableString name = 4;
    Timestamp start_time = 5;
    Timestamp end_time = 6;
    Attributes attributes = 7;
    TimeEvents time_events = 9;
    Links links = 10;
    Status status = 11;
    BoolValue same_process_as_parent_span = 12;
    UInt32Value child_span_count = 13;
    int32 kind = 14;
    Tracestate tracestate = 15;
    Resource resource = 16;
  }

  message ExportMetricsServiceRequest { Node node = 1; repeated Metric metrics = 2; Resource resource = 3; }
  message LabelKey { string key = 1; string description = 2; }
  message MetricDescriptor {
    string name = 1;
    string description = 2;
    string unit = 3;
    int32 type = 4;
    repeated LabelKey label_keys = 5;
  }
  message LabelValue { string value = 1; bool has_value = 2; }
  message Exemplar { double value = 1; Timestamp timestamp = 2; map<string, string> attachments = 3; }
  message Bucket { int64 count = 1; Exemplar exemplar = 2; }
  message Explicit { repeated double bounds = 1; }
  message BucketOptions { oneof type { Explicit explicit = 1; } }
  message DistributionValue {
    int64 count = 1;
    double sum = 2;
    double sum_of_squared_deviation = 3;
    BucketOptions bucket_options = 4;
    repeated Bucket buckets = 5;
  }
  message Point {
    Timestamp timestamp = 1;
    oneof value { int64 int64_value = 2; double double_value = 3; DistributionValue distribution_value = 4; }
  }
  message TimeSeries { Timestamp start_timestamp = 1; repeated LabelValue label_values = 2; repeated Point points = 3; }
  message Metric { MetricDescriptor metric_descriptor = 1; repeated TimeSeries timeseries = 2; Resource resource = 3; }
`);

/** A message as a tree: 64-bit numbers as texts, bytes as hex digits, what was not on the wire left out. */
export type Tree = Readonly<Record<string, unknown>>;

/** Reads a request. */
export function decoded(type: 'ExportTraceServiceRequest' | 'ExportMetricsServiceRequest', bytes: Uint8Array): Tree {
  const message = root.lookupType(`oc.${type}`);
  const tree = message.toObject(message.decode(bytes), { longs: String, bytes: Array, json: true });
  return JSON.parse(JSON.stringify(tree, hexed)) as Tree;
}

/** Numbers of one byte each are bytes; no other field is a list of numbers but bounds. */
function hexed(name: string, value: unknown): unknown {
  return /[iI]d$/.test(name) && Array.isArray(value) ? Buffer.from(value).toString('hex') : value;
}

/** Protobuf's JSON as the same tree: ids from base64, times from RFC 3339. */
export function readJson(message: Tree): Tree {
  return JSON.parse(JSON.stringify(message), (name, value) => {
    if (typeof value !== 'string') return value;
    if (/^(trace|span|parentSpan)Id$/.test(name)) return Buffer.from(value, 'base64').toString('hex');
    const [, second, fraction = ''] =
      /^(\d{4}-\d\d-\d\dT[\d:]{8})(?:\.(\d+))?Z$/.exec(/[tT]ime(stamp)?$/.test(name) ? value : '') ?? [];
    if (second === undefined) return value;
    return { seconds: `${Date.parse(`${second}Z`) / 1e3}`, nanos: Number(fraction.padEnd(9, '0')) };
  }) as Tree;
}
