import { AsyncResource } from 'node:async_hooks';
import { Agent } from 'node:http';
import { isProxy } from 'node:util/types';
import { type DeliveryOptions, type Telemetry, type TelemetryOptions, telemetry } from '@oc/core';
import { ExportError, type Exporter, type Fetch } from '@oc/core/exporter';
import type { ExporterCheck, HttpReceiver, Target } from '@oc/testkit';
import { check } from './check.ts';
import { type Send, type SoundItem, sound, type Ways } from './sound.ts';

/** The sound exporter, or core in front of it, with one promise broken. */
export interface Twin {
  /** What is wrong with it. */
  readonly twin: string;
  /** The rows that have to name it, and no others. */
  readonly breaks: readonly string[];
  /** Another way of the exporter; made anew for each run. */
  readonly ways?: () => Ways;
  readonly make?: (target: Target) => Exporter;
  readonly telemetry?: ((options: TelemetryOptions) => Telemetry) | undefined;
  readonly signals?: ExporterCheck['signals'];
  readonly receiver?: ExporterCheck['receiver'];
  /** Of a twin that lives in programs: what is exported in place of `make = ({ url }) => sound({ url })`. */
  readonly program?: string;
}

type Failing = { readonly failure?: string; readonly message: string; readonly cause?: { readonly code?: string } };

/** Rejects with what `change` makes of a failure; resolves if that is undefined. */
function mapping(change: (error: Failing) => unknown): () => Ways {
  return () => ({
    around: async (send, items, call) => {
      try {
        await send(items, call);
      } catch (error) {
        const changed = change(error as Failing);
        if (changed !== undefined) throw changed;
      }
    },
  });
}

function rejecting(...codes: readonly string[]): () => Ways {
  return mapping((error) =>
    codes.includes(error.cause?.code ?? '') ? new ExportError('rejected', error.message) : error,
  );
}

function failing(failures: Ways['failures'] = {}): () => Ways {
  return () => ({ failures });
}

function altering(json: (item: SoundItem) => SoundItem): () => Ways {
  return () => ({ json });
}

/** The attributes with each text changed. */
function texts(change: (text: string) => unknown): (item: SoundItem) => SoundItem {
  return (item) => ({
    ...item,
    attributes: Object.fromEntries(
      Object.entries(item.attributes).map(([key, value]) => [key, typeof value === 'string' ? change(value) : value]),
    ),
  });
}

/** Only the oracle makes such items. */
const isOfOracle = ({ name, id }: SoundItem): boolean => /^7\d-/.test(name) || /^o7\d$/.test(id);

/** Core with some of its options changed. */
function optioned(change: (options: TelemetryOptions) => TelemetryOptions): Twin['telemetry'] {
  return (options) => telemetry(change(options));
}

/** Core with other settings for the first exporter's delivery. */
function delivering(
  change: (given: { queueItems?: number; batchDelayMs?: number }) => Partial<DeliveryOptions>,
): Twin['telemetry'] {
  return optioned(({ exporters = [], ...options }) => {
    const [[exporter, given] = [], ...rest] = exporters as [[Exporter, object]];
    return { ...options, exporters: [[exporter as Exporter, { ...given, ...change(given ?? {}) }], ...rest] };
  });
}

/** Core with a tracer whose `startSpan` does something first. */
function tracing(
  before: (attributes: Record<string, unknown>) => void,
  after?: (id: string, attributes: object) => void,
): Twin['telemetry'] {
  return (options) => {
    const oc = telemetry(options);
    const tracer: Telemetry['tracer'] = Object.create(oc.tracer, {
      startSpan: {
        value: (...[name, given]: Parameters<typeof oc.tracer.startSpan>) => {
          before((given?.attributes ?? {}) as Record<string, unknown>);
          const span = oc.tracer.startSpan(name, given);
          after?.(span.context.spanId, given?.attributes ?? {});
          return span;
        },
      },
    });
    return { ...oc, tracer };
  };
}

/** An exporter with something around each of its calls. */
function sending(exporter: Exporter, around: (send: () => Promise<void> | undefined) => Promise<void>): Exporter {
  const { exportSpans, exportMetrics } = exporter;
  return Object.create(exporter, {
    ...(exportSpans && {
      exportSpans: {
        value: (...rest: Parameters<typeof exportSpans>) => around(() => exportSpans.apply(exporter, rest)),
      },
    }),
    ...(exportMetrics && {
      exportMetrics: {
        value: (...rest: Parameters<typeof exportMetrics>) => around(() => exportMetrics.apply(exporter, rest)),
      },
    }),
  });
}

const SHORTEST_REAL_MS = 300;
const outside = new AsyncResource('outside of every context');
const keys = new Map<string, string>();
const live = new Map<string, Record<string, unknown>>();

/** node-fetch with sockets of its own, and requests that `change` has changed. */
function ownFetch(change: (init: Parameters<Fetch>[1]) => object): Fetch {
  const agent = new Agent({ keepAlive: true });
  return async (url, init) => {
    const { default: fetch } = await import('node-fetch');
    return fetch(url, { ...init, body: Buffer.from(init.body), agent, ...change(init) });
  };
}

/** All twins that run in the tests' own process. */
export const TWINS: readonly Twin[] = [
  // Network
  { twin: 'gives up when nobody listens', breaks: ['N1', 'N9'], ways: rejecting('ECONNREFUSED') },
  { twin: 'gives up when a connection is reset', breaks: ['N2', 'N7', 'B15'], ways: rejecting('ECONNRESET') },
  {
    twin: 'sends again what a 2xx has taken when the rest of the answer fails',
    breaks: ['N2', 'N5'],
    ways: () => ({
      around: async (send, items, call) => {
        let warned = '';
        const warn = (text: string): void => {
          warned = text;
        };
        await send(items, { ...call, signal: call.signal, warn });
        if (warned.includes('then failed')) throw new ExportError('unavailable', warned);
      },
    }),
  },
  {
    twin: 'does not stop when its time is up',
    breaks: ['N3', 'N4', 'N5', 'oracle'],
    ways: () => ({
      around: (send, items, call) => send(items, { ...call, warn: call.warn, signal: new AbortController().signal }),
    }),
  },
  {
    twin: 'leaves its sockets behind when its time is up',
    breaks: ['N3', 'N4', 'N5'],
    ways: () => ({
      around: async (send, items, { signal, ...call }) => {
        const began = performance.now();
        const controller = new AbortController();
        const late = new Promise<never>((_, reject) => {
          signal.addEventListener('abort', () => {
            // Time that only a test's clock has seen is up for this one as for any other.
            if (performance.now() - began < SHORTEST_REAL_MS) controller.abort();
            reject(new ExportError('unavailable', 'sound: late'));
          });
        });
        await Promise.race([send(items, { ...call, signal: controller.signal }), late]);
      },
    }),
  },
  { twin: 'gives up when a name is not found', breaks: ['N9'], ways: rejecting('ENOTFOUND', 'EAI_AGAIN') },
  {
    twin: 'takes no notice of the agent',
    breaks: ['N9', 'T2'],
    make: ({ url, secret }) => sound({ url, secret }),
  },

  // Answers
  {
    twin: 'takes no notice of Retry-After',
    breaks: ['B1'],
    ways: mapping((error) => (error.failure ? new ExportError(error.failure as 'rejected', error.message) : error)),
  },
  { twin: 'drops what a 503 refuses for the moment', breaks: ['B2'], ways: failing({ 503: 'rejected' }) },
  {
    twin: 'tries a batch again for ever',
    breaks: ['B2'],
    telemetry: delivering(() => ({ retryForMs: 2_000_000_000 })),
  },
  { twin: 'drops what is too large in one piece', breaks: ['B3'], ways: failing({ 413: 'rejected' }) },
  { twin: 'drops all for one poisoned item', breaks: ['B4'], ways: failing({ 400: 'rejected' }) },
  { twin: 'drops what a wrong key is sent with', breaks: ['B5'], ways: failing({ 401: 'rejected', 403: 'rejected' }) },
  {
    twin: 'drops what is sent to a wrong path',
    breaks: ['B6'],
    ways: failing({ 404: 'rejected', 405: 'rejected', 407: 'rejected' }),
  },
  {
    twin: 'does not say what it asked for',
    breaks: ['B6'],
    ways: mapping((error) =>
      error.failure === 'misconfigured'
        ? new ExportError(error.failure, error.message.replace(/POST \S+/, 'the request'))
        : error,
    ),
  },
  { twin: 'reads no answer', breaks: ['B7', 'B8', 'oracle'], ways: () => ({ parts: () => [] }) },
  {
    twin: 'takes a login page for a yes',
    breaks: ['B8', 'oracle'],
    ways: mapping((error) => (error.message.includes('HTML') ? undefined : error)),
  },
  {
    twin: 'takes any status but 200 for a no',
    breaks: ['B9'],
    ways: () => ({
      read: ({ status }) => {
        if (status !== 200) throw new ExportError('rejected', `sound: ${status}`);
      },
    }),
  },
  { twin: 'follows redirects', breaks: ['B10'], ways: () => ({ fetch: ownFetch(() => ({ redirect: 'follow' })) }) },
  {
    twin: 'passes on what the backend says as it came',
    breaks: ['B12'],
    ways: mapping((error) => (error.failure ? Object.assign(error, { message: `${error.message}\u001b[2J` }) : error)),
  },
  {
    twin: 'changes items from attempt to attempt',
    breaks: ['B15'],
    ways: () => {
      let attempts = 0;
      return {
        around: (send, items, call) => {
          attempts++;
          return send(
            items.map((item) => ({ ...item, attributes: { ...item.attributes, attempts } })),
            call,
          );
        },
      };
    },
  },
  {
    twin: 'sends to a host with the key that it saw first',
    breaks: ['B17'],
    ways: () => ({
      headers: (secret, url) => {
        const key = keys.get(url) ?? secret;
        keys.set(url, key);
        return key;
      },
    }),
  },

  // Life
  {
    twin: 'makes a new promise of each shutdown',
    breaks: ['L9'],
    telemetry: (options) => {
      const oc = telemetry(options);
      return { ...oc, shutdown: async (within) => oc.shutdown(within) };
    },
  },

  // Data
  {
    twin: 'sends lone surrogates',
    breaks: ['V1'],
    ways: altering((item) => ({ ...item, name: item.name.replace('\ufffd', '\ud800') })),
  },
  {
    twin: 'has no limits',
    breaks: ['V2'],
    telemetry: optioned((options) => ({ ...options, limits: { attributes: 200_000, valueLength: 10_000_000 } })),
  },
  {
    twin: 'makes numbers of digits',
    breaks: ['V3'],
    ways: altering(texts((text) => (/^\d+$/.test(text) ? Number(text) : text))),
  },
  { twin: 'leaves NaN to JSON', breaks: ['V4'], ways: () => ({ numbers: (value) => value }) },
  {
    twin: 'takes what is no number for one',
    breaks: ['V4-metrics'],
    telemetry: (options) => {
      const oc = telemetry(options);
      const stats: Telemetry['stats'] = Object.create(oc.stats, {
        record: {
          value: (...[measurements, tags]: Parameters<typeof oc.stats.record>) =>
            oc.stats.record(
              measurements.map(([measure, value]) => [measure, Number.isNaN(value) ? 1 : value]),
              tags,
            ),
        },
      });
      return { ...oc, stats };
    },
  },
  {
    twin: 'reads attributes with no thought of getters that throw',
    breaks: ['V5'],
    telemetry: tracing((attributes) => void Object.values(attributes)),
  },
  {
    twin: 'loses keys that objects inherit',
    breaks: ['V6'],
    ways: altering((item) => ({
      ...item,
      attributes: Object.fromEntries(Object.entries(item.attributes).filter(([key]) => !(key in {}))),
    })),
  },
  {
    twin: 'makes one name of two',
    breaks: ['V7'],
    ways: altering((item) => ({ ...item, name: item.name.replace(/^testkit\/a\./, 'testkit/a_') })),
  },
  {
    twin: 'takes line breaks out of names',
    breaks: ['V8'],
    ways: altering((item) => ({ ...item, name: item.name.replaceAll(/[\r\n]+/g, ' ') })),
  },
  {
    twin: 'makes another row of a label of two lines',
    breaks: ['V8-metrics'],
    ways: altering((item) => {
      const hasLines = Object.values(item.attributes).some((value) => /smuggled 7/.test(String(value)));
      return hasLines && item.traceId === undefined ? { ...item, id: `${item.id}-more` } : item;
    }),
  },
  { twin: 'finds out about a wrong key when it sends', breaks: ['V8-keys'], ways: () => ({ secret: String }) },
  {
    twin: 'shows its key when it is refused',
    breaks: ['V10'],
    make: (target) =>
      sound(
        target,
        mapping((error) =>
          target.secret && error.failure
            ? Object.assign(error, { message: `${error.message} (key ${target.secret})` })
            : error,
        )(),
      ),
  },
  {
    twin: 'ends spans before their starts',
    breaks: ['V11'],
    ways: altering((item) => ({ ...item, end: item.end && item.end - 1 })),
  },
  {
    twin: 'keeps more rows than it should',
    breaks: ['V12'],
    telemetry: optioned((options) => ({ ...options, limits: { seriesPerView: 3_000 } })),
  },
  {
    twin: 'reads lists when it sends them',
    breaks: ['V13'],
    ways: altering((item) => {
      const { list } = live.get(item.id) ?? {};
      const isTexts = Array.isArray(list) && list.every((each) => typeof each === 'string');
      return isTexts ? { ...item, attributes: { ...item.attributes, list } } : item;
    }),
    telemetry: tracing(
      () => {},
      (id, attributes) => {
        if (Object(attributes) === attributes && !isProxy(attributes) && 'list' in attributes)
          live.set(id, attributes as Record<string, unknown>);
      },
    ),
  },
  {
    twin: 'writes zeros where there is no parent',
    breaks: ['V14'],
    ways: altering((item) => ({ ...item, parentId: item.parentId ?? '0'.repeat(16) })),
  },
  { twin: 'leaves out distributions', breaks: ['V-kinds'], ways: () => ({ types: ['gauge', 'cumulative'] }) },

  // Queue
  {
    twin: 'has room for 2,048 items',
    breaks: ['Q1'],
    telemetry: delivering(({ queueItems = 65_536 }) => ({ queueItems: Math.min(queueItems, 2_048) })),
  },
  {
    twin: 'has room without end',
    breaks: ['B2', 'B5', 'B6', 'B8', 'Q1'],
    telemetry: delivering(() => ({ queueItems: 1_000_000_000 })),
  },
  {
    twin: 'sends later than it should',
    breaks: ['Q2'],
    telemetry: delivering(({ batchDelayMs = 1_000 }) => ({ batchDelayMs: 3 * batchDelayMs })),
  },
  {
    twin: 'answers a flush before it is over',
    breaks: ['Q3', 'Q4'],
    telemetry: (options) => {
      const oc = telemetry(options);
      return {
        ...oc,
        flush: async (within) => {
          void oc.flush(within);
          return oc.health().map((each) => ({ ...each, unsettled: 0 }));
        },
      };
    },
  },
  {
    twin: 'sends when all other exporters have sent',
    breaks: ['Q4', 'Q5'],
    telemetry: optioned(({ exporters = [], ...options }) => {
      const [[first, given], ...others] = exporters as unknown as [[Exporter, object], ...Exporter[]];
      const calls: Promise<void>[] = [];
      const noted = others.map((exporter) =>
        sending(exporter, (send) => {
          const call = Promise.resolve().then(send);
          calls.push(call.catch(() => {}));
          return call;
        }),
      );
      const last = sending(first, async (send) => {
        if (others.length > 0) await new Promise((resolve) => setTimeout(resolve, 30)); // until they have begun
        await Promise.all(calls);
        await send();
      });
      return { ...options, exporters: [[last, given], ...noted] };
    }),
  },
  {
    twin: 'replaces an address that makes no sense',
    breaks: ['Q6'],
    make: (target) => sound({ ...target, url: /^https?:\/\/./.test(target.url ?? '') ? target.url : undefined }),
  },
  {
    twin: 'sends from a context of its own',
    breaks: ['Q9'],
    ways: () => ({
      around: (send, ...rest) => outside.runInAsyncScope(() => send(...rest)),
    }),
  },

  // Request
  {
    twin: 'calls its JSON plain text',
    breaks: ['request'],
    ways: () => ({
      fetch: ownFetch(({ headers }) => ({ headers: { ...headers, 'content-type': 'text/plain' } })),
    }),
  },
  {
    twin: 'does not say whose items they are',
    breaks: ['request'],
    ways: () => ({
      around: (send, items, { signal, ...call }) => send(items, { ...call, signal, resource: { labels: {} } }),
    }),
  },

  // Oracle
  {
    twin: 'loses some without a word',
    breaks: ['oracle'],
    ways: () => ({
      around: (send, items, call) =>
        send(
          items.filter((item) => !isOfOracle(item)),
          call,
        ),
    }),
  },
  {
    twin: 'makes some up',
    breaks: ['oracle'],
    ways: () => ({
      around: (send, items, call) =>
        send([...items, ...items.filter(isOfOracle).map((item) => ({ ...item, id: `${item.id}0` }))], call),
    }),
  },
  {
    twin: 'changes what some carry',
    breaks: ['oracle'],
    ways: altering((item) =>
      isOfOracle(item) ? { ...item, attributes: { ...item.attributes, 'testkit.payload': 'none' } } : item,
    ),
  },
  {
    twin: 'does not come back from a fault',
    breaks: ['oracle'],
    ways: () => {
      let broken = '';
      return {
        around: async (send: Send, ...rest) => {
          if (broken) throw new ExportError('unavailable', broken);
          await send(...rest).catch((error: Error) => {
            if (error.message.includes('127.0.0.1:9,')) broken = error.message;
            throw error;
          });
        },
      };
    },
  },
  {
    twin: 'sends some twice',
    breaks: ['oracle'],
    ways: () => ({
      around: async (send, items, call) => {
        await send(items, call);
        const again = items.filter(isOfOracle);
        if (again.length > 0) await send(again, call).catch(() => {});
      },
    }),
  },
  {
    twin: 'sends deltas again when an answer is lost',
    breaks: ['N2', 'N5', 'N7', 'B15', 'oracle'],
    signals: ['metrics'],
    receiver: { ...(check.receiver as HttpReceiver), once: ['metrics'] },
    ways: () => ({
      deltas: true,
      around: (send, items, call) =>
        send(items, call).catch((error: Failing) => {
          throw error.failure === 'unconfirmed' ? new ExportError('unavailable', error.message) : error;
        }),
    }),
  },
];

const OWN_MAKE = 'export const make = ({ url }) => sound({ url });';

/** Core with some of its options changed, as text. */
function optionedText(change: string): string {
  return `import * as core from '@oc/core'; ${OWN_MAKE}
    export const telemetry = (options) => core.telemetry({ ...options, ${change} });`;
}

/** All twins that run in programs. */
export const PROGRAM_TWINS: readonly Twin[] = [
  {
    twin: 'keeps what it has sent',
    breaks: ['N6'],
    program: `const kept = [];
      export const make = ({ url }) => sound({ url }, {
        around: (send, items, call) => { kept.push(Buffer.from(JSON.stringify(items))); return send(items, call); },
      });`,
  },
  {
    twin: 'tells the address of the proxy',
    breaks: ['N12'],
    program: `export const make = ({ url }) => sound({ url }, {
        around: (send, items, call) => { if (process.env.HTTP_PROXY) call.warn('sound: by HTTP_PROXY ' + process.env.HTTP_PROXY); return send(items, call); },
      });`,
  },
  {
    twin: 'trusts any certificate',
    breaks: ['T1'],
    program: `import { Agent } from 'node:https';
      export const make = ({ url }) => sound({ url, agent: url?.startsWith('https:') ? new Agent({ rejectUnauthorized: false }) : undefined });`,
  },
  {
    twin: 'speaks any version of TLS',
    breaks: ['T3'],
    program: `import { Agent } from 'node:https';
      const options = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' };
      export const make = ({ url }) => sound({ url, agent: url?.startsWith('https:') ? new Agent(options) : undefined });`,
  },
  {
    twin: 'reads all of an answer',
    breaks: ['B11'],
    program: 'export const make = ({ url }) => sound({ url }, { answerBytes: 2e9 });',
  },
  {
    twin: 'holds the process until it is closed',
    breaks: ['L1'],
    program: `export const make = ({ url }) => {
        const exporter = sound({ url });
        const timer = setTimeout(() => {}, 6_000);
        return { ...exporter, close: async (signal) => { clearTimeout(timer); await exporter.close(signal); } };
      };`,
  },
  {
    twin: 'does nothing at the end',
    breaks: ['L1', 'L6', 'L7', 'L12', 'L12-bundled'],
    program: optionedText('flushOn: options.flushOn ?? []'),
  },
  {
    twin: 'exits by itself at SIGTERM',
    breaks: ['L2'],
    program: `process.on('SIGTERM', () => process.exit(0)); ${OWN_MAKE}`,
  },
  {
    twin: 'is silent when items are lost',
    breaks: ['L3', 'L4'],
    program: optionedText('onError: options.onError ?? (() => {})'),
  },
  {
    twin: 'catches what the application did not',
    breaks: ['L4'],
    program: `process.on('uncaughtException', () => {}); ${OWN_MAKE}`,
  },
  {
    twin: 'has one id in all threads and processes',
    breaks: ['L6', 'L7'],
    program: optionedText("labels: { 'service.instance.id': 'mine' }"),
  },
  {
    twin: 'shuts down when it likes',
    breaks: ['L10'],
    program: `import * as core from '@oc/core'; ${OWN_MAKE}
      export const telemetry = (options) => {
        const oc = core.telemetry(options);
        return { ...oc, shutdown: async () => { await new Promise((resolve) => setTimeout(resolve, 1_500)); return oc.shutdown({ withinMs: 1_000 }); } };
      };`,
  },
  {
    twin: 'knows only spans and rows of its own core',
    breaks: ['L11'],
    program: `import * as core from '@oc/core';
      export const make = ({ url }) => {
        const exporter = sound({ url });
        let isOwn = true;
        return {
          ...exporter,
          start(source) { isOwn = source.sampling.read().constructor === core.alwaysSample().constructor; },
          exportSpans: (...rest) => isOwn ? exporter.exportSpans(...rest) : Promise.reject(new Error('foreign')),
          exportMetrics: (...rest) => isOwn ? exporter.exportMetrics(...rest) : Promise.reject(new Error('foreign')),
        };
      };`,
  },
  {
    twin: 'needs a file',
    breaks: ['L12'],
    program: `import { writeFileSync } from 'node:fs';
      ${OWN_MAKE}
      writeFileSync(new URL('note.txt', import.meta.url), 'here');`,
  },
  {
    twin: 'reads a file beside its module',
    breaks: ['L12-bundled'],
    program: `import { readFileSync } from 'node:fs';
      ${OWN_MAKE}
      readFileSync(new URL('subject.mjs', import.meta.url));`,
  },
  {
    twin: 'says nothing of wrong variables',
    breaks: ['Q7'],
    program: 'export const make = ({ url }) => ({ ...sound({ url }), warnings: [] });',
  },
];

/** Twins of the rows that take minutes. */
export const NIGHTLY_TWINS: readonly Twin[] = [
  {
    twin: 'gives up what takes over a second',
    breaks: ['N8'],
    ways: () => ({
      around: async (send, items, call) => {
        const late = new Promise<never>((_, reject) => {
          setTimeout(() => reject(new ExportError('rejected', 'sound: late')), 1_000).unref();
        });
        await Promise.race([send(items, { ...call, signal: call.signal }), late]);
      },
    }),
  },
  { twin: 'has room without end', breaks: ['B13'], telemetry: delivering(() => ({ queueItems: 1_000_000_000 })) },
  { twin: 'gives up when nobody listens', breaks: ['B14'], ways: rejecting('ECONNREFUSED') },
  {
    twin: 'complains when time has stood still',
    breaks: ['L8'],
    program: `let seen = Date.now();
      setInterval(() => { if (Date.now() - seen > 2_000) console.error('stalled'); seen = Date.now(); }, 100).unref();
      ${OWN_MAKE}`,
  },
  {
    twin: 'keeps what it has sent',
    breaks: ['L13'],
    program: `const kept = [];
      export const make = ({ url }) => sound({ url }, {
        around: (send, items, call) => { kept.push(Buffer.alloc(100_000)); return send(items, call); },
      });`,
  },
];
