import {
  type Agent,
  type ExportCall,
  type Exporter,
  type Fetch,
  flag,
  fromCode,
  given,
  type HttpSender,
  httpHeaders,
  httpSender,
  httpUrl,
  isPlainObject,
  type Metric,
  oneOf,
  type Resource,
  readOptions,
  text,
} from '@oc/core/exporter';
import { CONTENT_TYPE } from './format.ts';
import { Names } from './names.ts';
import { chunksOf } from './page.ts';
import { VIEW_SPEC, type ViewOptions, Views } from './views.ts';

/** Options of `pushgateway`. */
export interface PushgatewayOptions extends ViewOptions {
  /**
   * Where the Pushgateway is, http or https, with the path that it is mounted at, if any; credentials become Basic
   * authorization. Default `http://localhost:9091`.
   */
  readonly url?: string | URL | undefined;
  /** The label `job` of the group that is pushed to. Default: the name of the service. */
  readonly job?: string | undefined;
  /** The group's other labels, such as `{ instance: 'eu-1' }`. No label of a view keeps a name of these. Default: none. */
  readonly grouping?: Readonly<Record<string, string>> | undefined;
  /** 'PUT' replaces all of the group, 'POST' only metrics of the same names. Default 'PUT'. */
  readonly method?: 'PUT' | 'POST' | undefined;
  /** Deletes the group at shutdown: for services. What a batch job pushed should stay. Default false. */
  readonly deleteOnShutdown?: boolean | undefined;
  /** More headers for every request, such as a key. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The fetch to use in place of node-fetch: `globalThis.fetch`. It may hold the process for up to `attemptMs`. */
  readonly fetch?: Fetch | undefined;
  /** An agent of `node:http` or `node:https`, for proxies and client certificates. Not beside `fetch`. */
  readonly agent?: Agent | undefined;
}

const SPEC = {
  ...VIEW_SPEC,
  url: httpUrl('http://localhost:9091'),
  job: text(undefined),
  grouping: fromCode<Readonly<Record<string, string>>, Readonly<Record<string, string>>>(checkedGrouping, {}),
  method: oneOf(['PUT', 'POST'], 'PUT'),
  deleteOnShutdown: flag(false),
  headers: httpHeaders(),
  fetch: given<Fetch>('function'),
  agent: given<Agent>('object'),
};

/** The gateway adds these to each group, and refuses a push that has them. */
const OF_THE_GATEWAY = ['push_time_seconds', 'push_failure_time_seconds'];

/**
 * Pushes the views of its telemetry to a Pushgateway: for jobs that end before Prometheus comes round.
 *
 * @throws ConfigError for wrong options.
 */
export function pushgateway(options?: PushgatewayOptions): Exporter {
  const { options: chosen, warnings } = readOptions('pushgateway', options, SPEC);
  const { url, job, grouping, method, deleteOnShutdown, headers, fetch, agent } = chosen;
  const untold: string[] = [];
  const names = new Names((message) => untold.push(message));
  for (const name of OF_THE_GATEWAY) {
    names.family('the Pushgateway', { name, sample: name, type: 'gauge', help: '' });
  }
  const views = new Views(names, {
    ...chosen,
    appendTimestamp: false, // the gateway refuses samples with times
    reservedLabels: ['job', ...Object.keys(grouping)], // it would write its own values over them
  });
  const senderFor = (job: string): HttpSender =>
    httpSender({
      exporter: 'pushgateway',
      url: groupUrl(url, { job, ...grouping }),
      headers,
      load: async () => (await import('node-fetch')).default,
      fetch,
      agent,
      gzip: true,
      failures: { 413: 'rejected' }, // a second slice would replace the first
    });
  let sender = senderFor(job || 'unknown');
  let pushedFor: Resource | undefined;

  return {
    name: 'pushgateway',
    warnings,

    start(source) {
      views.name(source.views());
    },

    async exportMetrics(metrics, call) {
      if (!pushedFor && !job) sender = senderFor(call.resource.labels['service.name'] || 'unknown');
      pushedFor = call.resource;
      const body = await pageOf(metrics);
      for (const message of untold.splice(0)) call.warn(message);
      await sender.send({ method, body, headers: { 'content-type': CONTENT_TYPE.text } }, call);
    },

    async close(signal) {
      try {
        if (deleteOnShutdown && pushedFor) {
          const call: ExportCall = { resource: pushedFor, signal, warn() {} };
          await sender.send({ method: 'DELETE', body: '' }, call);
        }
      } finally {
        sender.close();
      }
    },
  };

  async function pageOf(metrics: readonly Metric[]): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of chunksOf(metrics.map((metric) => views.texts(metric, 'text')))) chunks.push(chunk);
    return Buffer.concat(chunks);
  }
}

/** The address of a group: `/metrics/job/nightly/instance/eu-1`. */
function groupUrl(url: URL, labels: Readonly<Record<string, string>>): URL {
  const group = new URL(url);
  const parts = Object.entries(labels).map(([name, value]) => {
    // What would end or leave a part of the path goes as base64; one that is empty as its padding.
    if (!/\/|^\.{0,2}$/.test(value)) return `/${name}/${encodeURIComponent(value.toWellFormed())}`;
    return `/${name}@base64/${Buffer.from(value).toString('base64url') || '='}`;
  });
  group.pathname = `${url.pathname.replace(/\/+$/, '')}/metrics${parts.join('')}`;
  return group;
}

function checkedGrouping(labels: unknown): Readonly<Record<string, string>> {
  if (!isPlainObject(labels)) throw new Error('must be an object of label names and texts');
  for (const [name, value] of Object.entries(labels)) {
    if (!/^(?!__)[a-z_]\w*$/i.test(name) || name === 'job') throw new Error('has a name that is no label for a group');
    if (typeof value !== 'string' || !value.isWellFormed())
      throw new Error(`must give a well-formed text for '${name}'`);
  }
  return labels as Readonly<Record<string, string>>;
}
