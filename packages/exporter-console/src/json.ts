import type { Resource } from '@oc/core/exporter';
import { type LineFormat, safeJson } from './line.ts';

/** One JSON object a line, each complete in itself: a span, or one time series with its metric's description. */
export function jsonLines(): LineFormat {
  let known: Resource | undefined;
  let resourceJson = '';

  // The resource is the same in every line, so its JSON is made once and appended.
  function line(record: Readonly<Record<string, unknown>>, resource: Resource): string {
    if (resource !== known) {
      known = resource;
      resourceJson = safeJson({ type: resource.type, labels: resource.labels });
    }
    return `${safeJson(record).slice(0, -1)},"resource":${resourceJson}}`;
  }

  return {
    span: (span, resource) =>
      line(
        {
          type: 'span',
          traceId: span.traceId,
          spanId: span.spanId,
          parentSpanId: span.parentSpanId,
          traceState: span.traceState,
          remoteParent: span.remoteParent,
          name: span.name,
          kind: span.kind,
          start: span.start,
          end: span.end,
          scope: span.scope,
          status: span.status,
          attributes: span.attributes,
          annotations: span.annotations,
          messageEvents: span.messageEvents,
          links: span.links,
          dropped: span.dropped,
          childCount: span.childCount,
        },
        resource,
      ),

    series: (metric, { labelValues, start, time, value }, resource) =>
      line(
        {
          type: metric.type,
          name: metric.name,
          description: metric.description,
          unit: metric.unit,
          valueType: metric.valueType,
          bounds: metric.type === 'distribution' ? metric.bounds : undefined,
          labels: Object.fromEntries(metric.labelKeys.map((key, at) => [key, labelValues[at]])),
          start,
          time,
          value,
        },
        resource,
      ),
  };
}
