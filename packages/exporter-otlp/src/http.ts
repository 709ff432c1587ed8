import { type ExportFailure, httpSender, redacted, secretsOf } from '@oc/core/exporter';
import { partialSuccessIn, refusalIn } from './answer.ts';
import type { Destination } from './destination.ts';
import { hinted, type Transport, tellPartial } from './transport.ts';

const CONTENT_TYPE = { 'http/protobuf': 'application/x-protobuf', 'http/json': 'application/json' } as const;
const USER_AGENT = 'oc-exporter-otlp-node';

// Only these may be sent again (opentelemetry-proto, docs/specification.md, "Failures").
const RETRYABLE: readonly number[] = [429, 502, 503, 504];
const FINAL = [408, 425, ...Array.from({ length: 100 }, (_, i) => 500 + i)].filter((code) => !RETRYABLE.includes(code));
const FAILURES: Readonly<Record<number, ExportFailure>> = {
  ...Object.fromEntries(FINAL.map((code) => [code, 'rejected' as const])),
  // Servers refuse a whole request for one item that they do not like.
  400: 'poisoned',
  // It does not take this encoding, or no such requests at all.
  415: 'misconfigured',
  501: 'misconfigured',
};

/** Sends over HTTP/1.1, in protobuf or JSON. */
export function httpTransport(destination: Destination & { readonly protocol: keyof typeof CONTENT_TYPE }): Transport {
  const { protocol, url, headers, gzip, tls, fetch, agent } = destination;
  const sender = httpSender({
    exporter: 'otlp',
    url,
    headers,
    load: async () => (await import('node-fetch')).default,
    fetch,
    agent,
    tls,
    gzip,
    failures: FAILURES,
    refusal: refusalIn,
  });
  const act = `otlp: POST ${url.origin}${url.pathname}`;
  const secrets = secretsOf(url, headers);

  return {
    async send({ bytes, items, once }, call) {
      const own = {
        'content-type': CONTENT_TYPE[protocol],
        ...(!headers['user-agent'] && { 'user-agent': USER_AGENT }),
      };
      const answer = await sender.send({ body: bytes, headers: own, once }, call).catch((error) => {
        throw hinted(error, destination);
      });
      tellPartial(
        act,
        () => partialSuccessIn(answer.body),
        items,
        call,
        (text) => redacted(text, secrets),
      );
    },

    close() {
      sender.close();
    },
  };
}
