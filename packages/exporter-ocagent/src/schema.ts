/** How a value stands in a message: `id` is hex digits that become bytes, `time` is microseconds that become a Timestamp. */
export type Kind =
  | 'string'
  | 'id'
  | 'int32'
  | 'int64'
  | 'double'
  | 'doubles'
  | 'bool'
  | 'time'
  | 'boolValue'
  | 'uint32Value'
  | Schema;

/** A field's number and kind; 'list' and 'map' (with texts as keys) hold many of the kind. */
export type Field = readonly [number: number, kind: Kind, many?: 'list' | 'map'];

/** The fields of a message by their names in JSON. */
export interface Schema {
  readonly [name: string]: Field;
}

// opencensus.proto.resource.v1 and opencensus.proto.agent.common.v1
const RESOURCE: Schema = { type: [1, 'string'], labels: [2, 'string', 'map'] };
const NODE: Schema = {
  identifier: [1, { hostName: [1, 'string'], pid: [2, 'int32'], startTimestamp: [3, 'time'] }],
  libraryInfo: [2, { language: [1, 'int32'], exporterVersion: [2, 'string'], coreLibraryVersion: [3, 'string'] }],
  serviceInfo: [3, { name: [1, 'string'] }],
};

// opencensus.proto.trace.v1
const TRUNCATABLE: Schema = { value: [1, 'string'] };
const ATTRIBUTE: Schema = {
  stringValue: [1, TRUNCATABLE],
  intValue: [2, 'int64'],
  boolValue: [3, 'bool'],
  doubleValue: [4, 'double'],
};
const ATTRIBUTES: Schema = { attributeMap: [1, ATTRIBUTE, 'map'], droppedAttributesCount: [2, 'int32'] };
const TRACESTATE: Schema = { entries: [1, { key: [1, 'string'], value: [2, 'string'] }, 'list'] };
const TIME_EVENT: Schema = {
  time: [1, 'time'],
  annotation: [2, { description: [1, TRUNCATABLE], attributes: [2, ATTRIBUTES] }],
  messageEvent: [
    3,
    { type: [1, 'int32'], id: [2, 'int64'], uncompressedSize: [3, 'int64'], compressedSize: [4, 'int64'] },
  ],
};
const LINK: Schema = {
  traceId: [1, 'id'],
  spanId: [2, 'id'],
  type: [3, 'int32'],
  attributes: [4, ATTRIBUTES],
  tracestate: [5, TRACESTATE],
};
const SPAN: Schema = {
  traceId: [1, 'id'],
  spanId: [2, 'id'],
  parentSpanId: [3, 'id'],
  name: [4, TRUNCATABLE],
  startTime: [5, 'time'],
  endTime: [6, 'time'],
  attributes: [7, ATTRIBUTES],
  timeEvents: [
    9,
    {
      timeEvent: [1, TIME_EVENT, 'list'],
      droppedAnnotationsCount: [2, 'int32'],
      droppedMessageEventsCount: [3, 'int32'],
    },
  ],
  links: [10, { link: [1, LINK, 'list'], droppedLinksCount: [2, 'int32'] }],
  status: [11, { code: [1, 'int32'], message: [2, 'string'] }],
  sameProcessAsParentSpan: [12, 'boolValue'],
  childSpanCount: [13, 'uint32Value'],
  kind: [14, 'int32'],
  tracestate: [15, TRACESTATE],
};

// opencensus.proto.metrics.v1
const EXEMPLAR: Schema = { value: [1, 'double'], timestamp: [2, 'time'], attachments: [3, 'string', 'map'] };
const DISTRIBUTION: Schema = {
  count: [1, 'int64'],
  sum: [2, 'double'],
  sumOfSquaredDeviation: [3, 'double'],
  bucketOptions: [4, { explicit: [1, { bounds: [1, 'doubles'] }] }],
  buckets: [5, { count: [1, 'int64'], exemplar: [2, EXEMPLAR] }, 'list'],
};
const POINT: Schema = {
  timestamp: [1, 'time'],
  int64Value: [2, 'int64'],
  doubleValue: [3, 'double'],
  distributionValue: [4, DISTRIBUTION],
};
const METRIC: Schema = {
  metricDescriptor: [
    1,
    {
      name: [1, 'string'],
      description: [2, 'string'],
      unit: [3, 'string'],
      type: [4, 'int32'],
      labelKeys: [5, { key: [1, 'string'] }, 'list'],
    },
  ],
  timeseries: [
    2,
    {
      startTimestamp: [1, 'time'],
      labelValues: [2, { value: [1, 'string'], hasValue: [2, 'bool'] }, 'list'],
      points: [3, POINT, 'list'],
    },
    'list',
  ],
};

/** opencensus.proto.agent.trace.v1.ExportTraceServiceRequest */
export const TRACE_REQUEST: Schema = { node: [1, NODE], spans: [2, SPAN, 'list'], resource: [3, RESOURCE] };

/** opencensus.proto.agent.metrics.v1.ExportMetricsServiceRequest */
export const METRICS_REQUEST: Schema = { node: [1, NODE], metrics: [2, METRIC, 'list'], resource: [3, RESOURCE] };
