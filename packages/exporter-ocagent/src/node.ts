import type { Resource } from '@oc/core/exporter';
import type { Message } from './message.ts';

const NODE_JS = 6;

const startedAt = Math.round((Date.now() - performance.now()) * 1_000);

/** Who sends: the first message of each stream has to say so. */
export async function nodeMessage({ labels }: Resource): Promise<Message> {
  const { hostname } = await import('node:os');
  return {
    identifier: { hostName: labels['host.name'] ?? hostname(), pid: process.pid, startTimestamp: startedAt },
    libraryInfo: { language: NODE_JS },
    serviceInfo: { name: labels['service.name'] ?? '' },
  };
}

/** What the telemetry is about. */
export function resourceMessage({ type, labels }: Resource): Message {
  return { type, labels };
}
