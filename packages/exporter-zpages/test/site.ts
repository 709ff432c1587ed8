import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { type Telemetry, type TelemetryOptions, telemetry } from '@oc/core';
import { onTestFinished } from 'vitest';
import { type Zpages, type ZpagesOptions, zpages } from '../src/index.ts';

/** An answer, read whole. */
export interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A telemetry with its pages, on a port of its own. */
export interface Opened {
  readonly oc: Telemetry;
  readonly pages: Zpages;
  /** 'http://127.0.0.1:41234/' */
  readonly url: string;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  json<T>(path: string): Promise<T>;
  send(method: string, path: string, headers?: Record<string, string>, body?: string): Promise<Answer>;
}

/** Opens one until the end of the test. */
export async function opened(options: ZpagesOptions = {}, more: TelemetryOptions = {}): Promise<Opened> {
  const pages = zpages({ port: 0, ...options });
  const { exporters = [], ...others } = more;
  const oc = telemetry({ service: 'shop', flushOn: [], ...others, exporters: [pages, ...exporters] });
  onTestFinished(async () => void (await oc.shutdown({ withinMs: 1_000 })));
  await oc.ready;
  const port = pages.address?.port ?? 0;
  const send: Opened['send'] = async (method, path, headers = {}, body) => {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, method, path, headers }, resolve).on('error', reject);
      sent.end(body);
    });
    return { status: response.statusCode, headers: response.headers, body: await text(response) };
  };
  const get: Opened['get'] = (path, headers) => send('GET', path, headers);
  return {
    oc,
    pages,
    url: `http://127.0.0.1:${port}/`,
    send,
    get,
    json: async (path) => JSON.parse((await get(`${path}${path.includes('?') ? '&' : '?'}format=json`)).body),
  };
}
