import type { Exporter } from '@oc/core/exporter';
import { checkExporter, checkNightly, type ExporterCheck, type Item } from '@oc/testkit';
import { type PrometheusExporter, prometheus, pushgateway } from '../src/index.ts';
import { samplesOf } from './page-reader.ts';

/** The time series of a page that are the suite's own: those with a label `id`. Of a histogram its count stands for all. */
function itemsOf(page: string): readonly Item[] {
  return samplesOf(page).flatMap(({ name, labels, value }): Item[] => {
    const { id, ...attributes } = labels;
    if (id === undefined || /_(bucket|sum)$/.test(name)) return [];
    return [{ id, name: name.replace(/_(total|count)$/, ''), attributes, value: Number(value) }];
  });
}

const pulled: ExporterCheck = {
  name: 'prometheus',
  signals: ['metrics'],
  make: ({ listen }) => prometheus(listen),
  program: `
    import { prometheus } from '@oc/exporter-prometheus';
    export const make = ({ listen }) => prometheus(listen);
    export const address = (exporter) => exporter.address;
  `,
  environment: { OTEL_EXPORTER_PROMETHEUS_PORT: 'nine' },
  receiver: {
    transport: 'pull',
    path: '/metrics',
    address: (exporter: Exporter) => (exporter as PrometheusExporter).address,
    items: itemsOf,
  },
};

const pushed: ExporterCheck = {
  name: 'pushgateway',
  signals: ['metrics'],
  takes: ['secret', 'agent'],
  make: ({ url, secret, agent }) =>
    pushgateway({ url, agent, headers: secret === undefined ? {} : { authorization: `Bearer ${secret}` } }),
  program: `
    import { pushgateway } from '@oc/exporter-prometheus';
    export const make = ({ url }) => pushgateway({ url });
  `,
  except: {
    B3: 'half of a push would replace the other half, so that 413 is final',
    L11: 'it has the other copy halve what is too large',
  },
  receiver: {
    transport: 'http',
    request: { method: 'PUT', contentType: 'text/plain' },
    service: ({ path }) => decodeURIComponent(path.split('/').at(-1) ?? ''),
    accepted: { status: 200 },
    items: ({ body }) => itemsOf(`${body}`),
  },
};

checkExporter(pulled);
checkExporter(pushed);
checkNightly(pushed);
