import { ExportError } from '@oc/core/exporter';
import type { ExporterCheck } from '@oc/testkit';
import { grpcCheck, SOUND_GRPC } from './grpc-check.ts';
import { type GrpcItem, type GrpcWays, soundGrpc } from './sound-grpc.ts';
import { isOfOracle, type TransportTwin } from './transport-twin.ts';

function grpc(ways: () => GrpcWays): () => ExporterCheck {
  return () => {
    const own = ways();
    return { ...grpcCheck, make: ({ url, secret, tls }) => soundGrpc({ url, secret, tls }, own) };
  };
}

/** With failures changed whose message is such. */
function grpcFailing(
  message: RegExp,
  change: (error: ExportError) => ExportError | undefined = (error) => new ExportError('rejected', error.message),
): () => ExporterCheck {
  return grpc(() => ({ failed: (error) => (message.test(error.message) ? change(error) : error) }));
}

function grpcMeaning(failures: GrpcWays['failures'] = {}): () => ExporterCheck {
  return grpc(() => ({ failures }));
}

function grpcItem(item: (item: GrpcItem) => GrpcItem): () => ExporterCheck {
  return grpc(() => ({ item }));
}

/** Of a twin that lives in programs: in which ways it is made, as text. */
function grpcProgram(ways: string, before = ''): () => ExporterCheck {
  const make = `export const make = ({ url }) => soundGrpc({ url }, ${ways});`;
  return () => ({ ...grpcCheck, program: `${SOUND_GRPC}\n${before}\n${make}` });
}

/** The text of a way in which failures are changed. */
const failedText = (change: string): string => `{ failed: (error) => ${change} }`;

const keys = new Map<unknown, string>();

/** Twins of the rows of gRPC. */
export const GRPC_TWINS: readonly TransportTwin[] = [
  { twin: 'gives up when nobody listens', breaks: ['N1'], check: grpcFailing(/ECONNREFUSED/) },
  {
    twin: 'gives up when a connection is reset',
    breaks: ['N2', 'N7', 'N11', 'B15'],
    check: grpcFailing(/ECONNRESET|dropped/),
  },
  {
    twin: 'makes one connection and no other',
    breaks: ['N7', 'N11', 'N11-idle'],
    check: grpc(() => ({ isOnce: true })),
  },
  {
    twin: 'gives up when a stream is reset',
    breaks: ['N11'],
    check: grpcFailing(/Stream refused|Call cancelled/),
  },
  {
    twin: 'does not stop when its time is up',
    breaks: ['N3', 'N4', 'N11', 'N11-idle', 'oracle'],
    check: grpc(() => ({
      around: (send, call) => send({ ...call, warn: call.warn, signal: new AbortController().signal }),
    })),
  },
  {
    twin: 'leaves its calls behind when its time is up',
    breaks: ['N4', 'N11-idle'],
    check: grpc(() => ({
      around: async (send, { signal, ...call }) => {
        const late = new Promise<never>((_, reject) => {
          signal.addEventListener('abort', () => reject(new ExportError('unavailable', 'soundGrpc: late')));
        });
        await Promise.race([send({ ...call, signal: new AbortController().signal }), late]);
      },
    })),
  },
  { twin: 'stays with a connection that is dead', breaks: ['N11-idle'], check: grpc(() => ({ isFaithful: true })) },
  {
    twin: 'replaces an address that makes no sense',
    breaks: ['Q6'],
    check: grpc(() => ({ url: (url) => (/^https?:\/\/./.test(String(url)) ? String(url) : undefined) })),
  },
  {
    twin: 'takes no notice of a RetryInfo',
    breaks: ['B1'],
    check: grpcFailing(/./, (error) => new ExportError(error.failure, error.message)),
  },
  { twin: 'drops what is refused for the moment', breaks: ['B2'], check: grpcFailing(/ended with 14: $/) },
  { twin: 'drops what is too large in one piece', breaks: ['B3'], check: grpcFailing(/larger than max/) },
  { twin: 'drops all for one poisoned item', breaks: ['B4', 'B9'], check: grpcMeaning({ 3: 'rejected' }) },
  {
    twin: 'drops what a wrong key is sent with',
    breaks: ['B5', 'B8', 'B9'],
    check: grpcMeaning({ 7: 'rejected', 16: 'rejected' }),
  },
  {
    twin: 'does not say what it called',
    breaks: ['B6'],
    check: grpcFailing(/./, (error) => Object.assign(error, { message: error.message.replace(/\/sound\S+/, 'it') })),
  },
  { twin: 'reads no reply', breaks: ['B7', 'oracle'], check: grpc(() => ({ reply: () => '' })) },
  {
    twin: 'stumbles over a reply that it cannot read',
    breaks: ['B8'],
    check: grpc(() => ({ reply: (reply) => JSON.stringify(JSON.parse(reply)) })),
  },
  {
    twin: 'takes an internal error for a moment of weakness',
    breaks: ['B9'],
    check: grpcMeaning({ 13: 'unavailable' }),
  },
  {
    twin: 'passes on what the backend says as it came',
    breaks: ['B12'],
    check: grpcFailing(/./, (error) => Object.assign(error, { message: `${error.message}\u001b[2J` })),
  },
  {
    twin: 'changes items from attempt to attempt',
    breaks: ['B15'],
    check: grpc(() => {
      let attempts = 0;
      return { item: (item) => ({ ...item, attributes: { ...item.attributes, attempts: attempts++ } }) };
    }),
  },
  {
    twin: 'sends to a host with the key that it saw first',
    breaks: ['B17'],
    check: grpc(() => ({
      secret: (secret, url) => {
        const key = keys.get(url) ?? secret;
        if (key !== undefined) keys.set(url, key);
        return key;
      },
    })),
  },
  {
    twin: 'takes line breaks out of a key',
    breaks: ['V8-keys'],
    check: grpc(() => ({ secret: (secret) => secret?.replaceAll(/[^ -~]/g, '') })),
  },
  {
    twin: 'shows its key when it is refused',
    breaks: ['V10'],
    check: () => ({
      ...grpcCheck,
      make: ({ url, secret, tls }) =>
        soundGrpc(
          { url, secret, tls },
          { failed: (error) => Object.assign(error, { message: `${error.message} ${secret ?? ''}` }) },
        ),
    }),
  },
  {
    twin: 'changes what some carry',
    breaks: ['oracle'],
    check: grpcItem((item) =>
      isOfOracle(item) ? { ...item, attributes: { ...item.attributes, 'testkit.payload': 'none' }, value: -1 } : item,
    ),
  },
  {
    twin: 'makes some up',
    breaks: ['oracle'],
    check: grpcItem((item) => (isOfOracle(item) ? { ...item, id: `${item.id}0` } : item)),
  },
  {
    twin: 'shows no certificate of its own',
    breaks: ['T2'],
    check: () => ({
      ...grpcCheck,
      make: ({ url, secret, tls }) => soundGrpc({ url, secret, tls: tls && { ca: tls.ca } }),
    }),
  },
  {
    twin: 'reads its certificate once',
    breaks: ['T2'],
    check: grpc(() => ({ isSettled: true })),
  },

  // In programs
  { twin: 'takes any certificate', breaks: ['T1'], check: grpcProgram('{ isTrusting: true }') },
  {
    twin: 'speaks any version of TLS',
    breaks: ['T3'],
    check: grpcProgram(
      '{}',
      `import tls from 'node:tls';
       tls.DEFAULT_MIN_VERSION = 'TLSv1';
       process.env.GRPC_SSL_CIPHER_SUITES = 'DEFAULT@SECLEVEL=0';`,
    ),
  },
  {
    twin: 'keeps what it has sent',
    breaks: ['N6'],
    check: grpcProgram('{ item: (item) => { kept.push(JSON.stringify(item)); return item; } }', 'const kept = [];'),
  },
  {
    twin: 'gives up when a name is not found',
    breaks: ['N9'],
    check: grpcProgram(
      failedText("/Name resolution/.test(error.message) ? Object.assign(error, { failure: 'rejected' }) : error"),
    ),
  },
  {
    twin: 'stays with an address for half a minute',
    breaks: ['N9'],
    check: grpcProgram("{ isFaithful: true, channel: { 'grpc.dns_min_time_between_resolutions_ms': 30_000 } }"),
  },
  { twin: 'goes past the proxy', breaks: ['N12'], check: grpcProgram("{ channel: { 'grpc.enable_http_proxy': 0 } }") },
  {
    twin: 'tells the address of the proxy',
    breaks: ['N12'],
    check: grpcProgram(
      failedText("Object.assign(error, { message: error.message + ' by ' + (process.env.https_proxy ?? 'no proxy') })"),
    ),
  },
  {
    twin: 'reads all of an answer',
    breaks: ['B11'],
    check: grpcProgram("{ channel: { 'grpc.max_receive_message_length': -1 } }"),
  },
];
