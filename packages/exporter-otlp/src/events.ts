import type { Annotation, MessageEvent, SpanData } from '@oc/core/exporter';

/** Annotations, and messages as annotations named `message`, in the order of time. */
export function eventsOf({ annotations, messageEvents }: SpanData): readonly Annotation[] {
  if (messageEvents.length === 0) return annotations;
  return [...annotations, ...messageEvents.map(annotationOf)].sort((a, b) => a.time - b.time);
}

// The names of the Collector's own translation from OpenCensus.
function annotationOf({ time, type, id, uncompressedBytes, compressedBytes }: MessageEvent): Annotation {
  return {
    time,
    description: 'message',
    attributes: {
      'message.type': type === 'sent' ? 'SENT' : 'RECEIVED',
      'messaging.message_id': id,
      ...(uncompressedBytes !== undefined && { 'messaging.message_payload_size_bytes': uncompressedBytes }),
      ...(compressedBytes !== undefined && { 'messaging.message_payload_compressed_size_bytes': compressedBytes }),
    },
  };
}
