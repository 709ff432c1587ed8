import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { telemetry } from '@oc/core';
import { consoleExporter } from '@oc/exporter-console';
import { otlp } from '@oc/exporter-otlp';
import { zipkin } from '@oc/exporter-zipkin';
import { expect, it, onTestFinished, vi } from 'vitest';

// One program, three exporters: each gets all, whatever becomes of the others.

const NAMES = Array.from({ length: 1_000 }, (_, i) => `span ${i}`);

interface Place {
  /** Names of the spans that came. */
  readonly names: string[];
  readonly origin: string;
}

/** A server that takes all, or one that nobody listens at. */
async function place(isUp: boolean, read: (request: IncomingMessage) => Promise<readonly string[]>): Promise<Place> {
  const names: string[] = [];
  const server = createServer(async (request, response) => {
    names.push(...(await read(request)));
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  if (!isUp) server.close();
  onTestFinished(() => void server.close());
  return { names, origin: `http://127.0.0.1:${port}` };
}

async function namesInZipkin(request: IncomingMessage): Promise<readonly string[]> {
  return ((await json(request)) as readonly { name: string }[]).map(({ name }) => name);
}

async function namesInOtlp(request: IncomingMessage): Promise<readonly string[]> {
  const { resourceSpans } = (await json(request)) as {
    resourceSpans: readonly { scopeSpans: readonly { spans: readonly { name: string }[] }[] }[];
  };
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans.map(({ name }) => name)));
}

/** A stream of lines of JSON; one that is down never takes its first chunk. */
function lines(isUp: boolean): { readonly names: string[]; readonly stream: Writable } {
  const names: string[] = [];
  const stream = new Writable({
    write(chunk, _, done) {
      if (!isUp) return;
      for (const line of `${chunk}`.trimEnd().split('\n')) names.push(JSON.parse(line).name);
      done();
    },
  });
  return { names, stream };
}

it.each(['none', 'zipkin', 'otlp', 'console'])(
  'zipkin, otlp and console get every span, each once, with %s of them down',
  async (down) => {
    const atZipkin = await place(down !== 'zipkin', namesInZipkin);
    const atOtlp = await place(down !== 'otlp', namesInOtlp);
    const atConsole = lines(down !== 'console');
    const oc = telemetry({
      service: 'checkout',
      exporters: [
        zipkin({ url: atZipkin.origin }),
        otlp({ url: atOtlp.origin, protocol: 'http/json' }),
        consoleExporter({ stream: atConsole.stream, format: 'json' }),
      ],
      flushOn: [],
      onError() {},
    });
    for (const name of NAMES) oc.tracer.startSpan(name, { parent: null }).end();
    void oc.flush({ withinMs: 0 }); // all that is left over goes at once

    const got = { zipkin: atZipkin.names, otlp: atOtlp.names, console: atConsole.names };
    const all = NAMES.toSorted();
    await vi.waitFor(
      () => {
        const sorted = Object.entries(got).map(([name, names]) => [name, names.toSorted()]);
        const expected = { zipkin: all, otlp: all, console: all, ...(down !== 'none' && { [down]: [] }) };
        expect(Object.fromEntries(sorted)).toEqual(expected);
      },
      { timeout: 20_000 },
    );

    const health = await oc.shutdown({ withinMs: 500 });
    const lost = (dropped: object): number => Object.values(dropped).reduce((sum, count) => sum + count, 0);
    expect(health.map(({ name, spans }) => [name, spans.delivered, lost(spans.dropped)])).toEqual(
      Object.keys(got).map((name) => (name === down ? [name, 0, NAMES.length] : [name, NAMES.length, 0])),
    );
  },
);
