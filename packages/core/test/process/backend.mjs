// The exporter of the programs in these tests, made as real ones are: core's sender on node-fetch.
import { httpSender } from '@oc/core/exporter';

/** Tells the backend at BACKEND which process it is and the names of what it sends. */
export function backend({ name = 'backend', url = process.env.BACKEND, ...sender } = {}) {
  const load = async () => (await import('node-fetch')).default;
  const http = httpSender({ exporter: name, url: new URL(url), load, ...sender });

  async function send(items, call) {
    const instance = call.resource.labels['service.instance.id'];
    await http.send({ body: JSON.stringify({ instance, spans: [], metrics: [], ...items }) }, call);
  }

  return {
    name,
    exportSpans: (spans, call) => send({ spans: spans.map((span) => span.name) }, call),
    exportMetrics: (metrics, call) => send({ metrics: metrics.map((metric) => metric.name) }, call),
    close: async () => http.close(),
  };
}

/** Makes so many spans, named s0, s1, ... */
export function record(oc, count = 1) {
  for (let at = 0; at < count; at++) oc.tracer.span(`s${at}`, () => {});
}
