import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { telemetry } from '@oc/core';
import { ConfigError, type Exporter, type Metric } from '@oc/core/exporter';
import { describe, expect, it } from 'vitest';
import { type ConsoleOptions, consoleExporter } from '../src/index.ts';
import { at, call, distribution, gauge, resource, span, spans } from './samples.ts';

type Both = Required<Pick<Exporter, 'exportSpans' | 'exportMetrics'>>;
const exporterOf = (options: ConsoleOptions): Both => consoleExporter(options) as Exporter & Both;

/** What a call ended with, by its parts. */
async function endOf(exported: Promise<void>): Promise<{ failure: string; message: string; names: string[] }[]> {
  const error = await exported.then(
    () => undefined,
    (reason) => reason,
  );
  return (error === undefined ? [] : (error.errors ?? [error])).map(
    (part: { failure: string; message: string; items: { name: string }[] }) => ({
      failure: part.failure,
      message: part.message,
      names: part.items.map(({ name }) => name),
    }),
  );
}

const namesIn = (lines: string): string[] =>
  lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).name);
const names = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, n) => `span ${from + n}`);
const listeners = (stream: Writable): number[] => ['drain', 'error', 'close'].map((name) => stream.listenerCount(name));

describe('options', () => {
  it('that are wrong fail at once, all named', () => {
    const wrong = { stream: 'stdin', format: 'xml', color: 'red', colour: true } as unknown as ConsoleOptions;
    expect(() => consoleExporter(wrong)).toThrow(
      new ConfigError(
        "console: there is no option 'colour'; 'stream' must be 'stdout', 'stderr' or a Node Writable; " +
          "'format' must be one of 'pretty', 'json'; 'color' must be true or false",
      ),
    );
    for (const stream of [null, 1, new WritableStream(), new PassThrough().setEncoding, { write() {} }]) {
      expect(() => consoleExporter({ stream } as unknown as ConsoleOptions)).toThrow(ConfigError);
    }
  });

  /** The first line that an exporter writes under an environment. */
  async function firstLine(options: ConsoleOptions, stream: Writable, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const variables = { FORCE_COLOR: undefined, NO_COLOR: undefined, ...env };
    const before = Object.entries(variables).map(([name]) => [name, process.env[name]] as const);
    const set = (name: string, value: string | undefined): void => {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    };
    try {
      for (const [name, value] of Object.entries(variables)) set(name, value);
      await exporterOf({ stream, ...options }).exportSpans([span({ name: 'x' })], call());
    } finally {
      for (const [name, value] of before) set(name, value);
    }
    return text((stream as PassThrough).end());
  }

  const pipe = (): PassThrough => new PassThrough();
  const terminal = (depth = 4): PassThrough =>
    Object.assign(new PassThrough(), { isTTY: true, getColorDepth: () => depth });
  const form = (line: string): string =>
    line.startsWith('{') ? 'json' : line.includes('\x1b[') ? 'pretty, coloured' : 'pretty';

  it.each<[string, string, ConsoleOptions, () => PassThrough, NodeJS.ProcessEnv]>([
    ['json', 'a pipe', {}, pipe, {}],
    ['pretty, coloured', 'a terminal', {}, terminal, {}],
    ['pretty', 'a terminal without colours', {}, () => terminal(1), {}],
    ['pretty', 'a terminal under NO_COLOR', {}, terminal, { NO_COLOR: '1' }],
    ['pretty, coloured', 'a terminal under an empty NO_COLOR', {}, terminal, { NO_COLOR: '' }],
    ['pretty, coloured', 'a terminal under both variables', {}, terminal, { NO_COLOR: '1', FORCE_COLOR: '1' }],
    ['pretty', 'a terminal under FORCE_COLOR=0', {}, terminal, { FORCE_COLOR: '0' }],
    ['json', 'a pipe under FORCE_COLOR', {}, pipe, { FORCE_COLOR: '1' }],
    ['pretty', 'a pipe that is asked for it', { format: 'pretty' }, pipe, {}],
    ['pretty, coloured', 'a pipe asked for it under FORCE_COLOR', { format: 'pretty' }, pipe, { FORCE_COLOR: '1' }],
    ['pretty, coloured', 'a pipe asked for it in colour', { format: 'pretty', color: true }, pipe, { NO_COLOR: '1' }],
    ['pretty', 'a terminal asked for no colour', { color: false }, terminal, { FORCE_COLOR: '1' }],
    ['json', 'a terminal that is asked for it', { format: 'json', color: true }, terminal, {}],
  ])('give %s to %s', async (expected, _stream, options, stream, env) => {
    expect(form(await firstLine(options, stream(), env))).toBe(expected);
  });
});

describe('metrics', () => {
  it('are one line a time series', async () => {
    const stream = new PassThrough();
    const point = { labelValues: ['GET'], time: at, value: 1 };
    const metrics = [gauge({ timeSeries: [point, { ...point, labelValues: ['PUT'] }] }), distribution()];
    await exporterOf({ stream }).exportMetrics(metrics, call());
    const lines = (await text(stream.end())).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line)).map(({ type, name, labels }) => [type, name, labels])).toEqual([
      ['gauge', 'shop/queue', { method: 'GET' }],
      ['gauge', 'shop/queue', { method: 'PUT' }],
      ['distribution', 'shop/latency', { method: 'POST' }],
    ]);
  });

  it('of a type that came later are skipped, with a count', async () => {
    const stream = new PassThrough();
    const summary = { ...gauge({ name: 'later' }), type: 'summary' } as unknown as Metric;
    const warnings: string[] = [];
    const warn = (message: string): number => warnings.push(message);
    await exporterOf({ stream }).exportMetrics([summary, gauge(), summary], call({ warn }));
    await exporterOf({ stream }).exportMetrics([summary], call({ warn }));
    expect(namesIn(await text(stream.end()))).toEqual(['shop/queue']);
    expect(warnings).toEqual([
      'console: metrics of a type that is not known here were skipped: 2',
      'console: metrics of a type that is not known here were skipped: 1',
    ]);
  });
});

describe('a slow reader', () => {
  it('of a small buffer gets everything, in whole lines, while calls side by side wait for it', async () => {
    const stream = new PassThrough({ highWaterMark: 100 });
    const exporter = exporterOf({ stream });
    let settled = 0;
    const calls = Array.from({ length: 40 }, (_, n) =>
      exporter.exportSpans(spans(512, { traceId: String(n).padStart(32, '0') }), call()).finally(() => settled++),
    );
    await once(stream, 'readable');
    expect(settled).toBe(0);
    expect(listeners(stream)[1]).toBeLessThanOrEqual(2); // ours, and PassThrough's own
    expect(stream.writableLength).toBeLessThan(66_000);

    let most = 0;
    const chunks: string[] = [];
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      chunks.push(chunk);
      most = Math.max(most, stream.writableLength, chunk.length);
    });
    await Promise.all(calls);
    await new Promise(setImmediate); // the last chunk's way to the reader
    const lines = chunks
      .join('')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.length).toBe(40 * 512);
    for (let n = 0; n < 40; n++) {
      const own = lines.filter(({ traceId }) => Number(traceId) === n).map(({ name }) => name);
      expect(own).toEqual(names(0, 512));
    }
    expect(chunks.every((chunk) => chunk.endsWith('}\n'))).toBe(true);
    expect(most).toBeLessThan(66_000);
    expect([stream.writableEnded, stream.destroyed]).toEqual([false, false]);
  });

  it('at the deadline: what is out is delivered, what is in the stream is not sent twice, the rest may be', async () => {
    const chunks: string[] = [];
    const passed: (() => void)[] = [];
    const stream = new Writable({
      decodeStrings: false,
      write(chunk: string, _encoding, done) {
        chunks.push(chunk);
        passed.push(done);
        this.emit('chunk');
      },
    });
    const exporter = exporterOf({ stream });
    const deadline = new AbortController();
    const end = endOf(exporter.exportSpans(spans(512), call({ signal: deadline.signal })));
    passed[0]?.();
    await once(stream, 'chunk');
    const waiting = endOf(exporter.exportSpans(spans(3), call({ signal: deadline.signal })));
    deadline.abort();
    const [first = '', second = ''] = chunks;
    const [sent, inStream] = [namesIn(first), namesIn(second)];
    const late = 'it takes no more, and the time is up';
    const rest = { failure: 'unavailable', message: `console: writing to the given stream failed: ${late}` };
    expect(await end).toEqual([
      {
        failure: 'unconfirmed',
        message: `console: writing to the given stream is not confirmed: ${late}`,
        names: inStream,
      },
      { ...rest, names: names(sent.length + inStream.length, 512) },
    ]);
    expect(await waiting).toEqual([{ ...rest, names: names(0, 3) }]);
    expect([...sent, ...inStream]).toEqual(names(0, sent.length + inStream.length));

    // The next call waits for the chunk that is still in the stream.
    const later = exporter.exportSpans([span({ name: 'later' })], call());
    expect(chunks.length).toBe(2);
    passed[1]?.();
    await once(stream, 'chunk');
    passed[2]?.();
    await later;
    expect(namesIn(chunks[2] ?? '')).toEqual(['later']);
    expect(listeners(stream)).toEqual([0, 0, 0]);
  });

  it('that never reads costs an application neither its memory nor its end, and each span is accounted for', async () => {
    const stream = new PassThrough({ highWaterMark: 100 });
    const oc = telemetry({ exporters: [[consoleExporter({ stream }), { queueItems: 5_000 }]], onError() {} });
    for (let n = 0; n < 20_000; n++) oc.tracer.startSpan(`span ${n}`).end();
    await once(stream, 'readable');
    expect(stream.writableLength).toBeLessThan(70_000);
    const [account] = await oc.shutdown({ withinMs: 1_000 });
    const { accepted, delivered = 0, dropped = {}, queued, inFlight } = account?.spans ?? {};
    expect({ accepted, queued, inFlight }).toEqual({ accepted: 20_000, queued: 0, inFlight: 0 });
    expect(Object.keys(dropped).sort()).toEqual(['deadline', 'queue-full', 'unconfirmed']);
    expect(Object.values(dropped).reduce((sum, each) => sum + each, delivered)).toBe(20_000);
    expect(dropped['queue-full']).toBe(15_000);
    expect(namesIn(await text(stream.end())).length).toBe(delivered + (dropped.unconfirmed ?? 0));
  });

  it('is given nothing by a call that is over before its turn', async () => {
    const stream = new PassThrough();
    const over = call({ signal: AbortSignal.abort() });
    const [end] = await endOf(exporterOf({ stream }).exportSpans(spans(2), over));
    expect(end).toMatchObject({ failure: 'unavailable', names: ['span 0', 'span 1'] });
    expect(stream.readableLength).toBe(0);
  });
});

describe('a stream that fails', () => {
  it('because it is closed refuses the items and says so', async () => {
    const ended = new PassThrough();
    ended.end();
    const destroyed = new PassThrough();
    destroyed.destroy();
    for (const stream of [ended, destroyed]) {
      expect(await endOf(exporterOf({ stream }).exportSpans(spans(2), call()))).toEqual([
        {
          failure: 'rejected',
          message: 'console: writing to the given stream failed: it is closed',
          names: ['span 0', 'span 1'],
        },
      ]);
    }
  });

  it('because it is destroyed during a call ends the call', async () => {
    for (const reason of [undefined, new Error('torn\nout')]) {
      const stream = new Writable({ write() {} });
      const exporter = exporterOf({ stream });
      const end = endOf(exporter.exportSpans(spans(1), call()));
      const next = endOf(exporter.exportSpans(spans(1), call()));
      if (reason) stream.once('error', () => {});
      stream.destroy(reason);
      const fact = reason ? 'torn\\nout' : 'it was closed';
      const message = `console: writing to the given stream failed: ${fact}`;
      expect(await end).toEqual([{ failure: 'unavailable', message, names: ['span 0'] }]);
      expect(await next).toMatchObject([{ failure: 'rejected' }]);
    }
  });

  it('for a while is tried again: the lines that are out are not in the failure', async () => {
    const seen: string[] = [];
    let failures = 3;
    const stream = new Writable({
      autoDestroy: false,
      decodeStrings: false,
      write(chunk: string, _encoding, done) {
        if (seen.length === 1 && failures-- > 0) return done(new Error('disk full'));
        seen.push(chunk);
        done();
      },
    });
    const exporter = exporterOf({ stream });
    const [end] = await endOf(exporter.exportSpans(spans(512), call()));
    const out = namesIn(seen.join(''));
    expect(end).toEqual({
      failure: 'unavailable',
      message: 'console: writing to the given stream failed: disk full',
      names: names(out.length, 512),
    });
  });

  it('by throwing is no crash', async () => {
    const stream = new Writable({
      write() {
        throw new Error('oops');
      },
    });
    expect(await endOf(exporterOf({ stream }).exportSpans(spans(1), call()))).toMatchObject([
      { failure: 'unavailable', message: 'console: writing to the given stream failed: oops' },
    ]);
    expect(listeners(stream)).toEqual([0, 0, 0]);
  });

  it('as a full disk does is first tried again, then refused: Node closed the file', async (ctx) => {
    if (!existsSync('/dev/full')) ctx.skip('this system has no /dev/full');
    const exporter = exporterOf({ stream: createWriteStream('/dev/full') });
    expect(await endOf(exporter.exportSpans(spans(1), call()))).toMatchObject([
      { failure: 'unavailable', message: expect.stringContaining('ENOSPC') },
    ]);
    expect(await endOf(exporter.exportSpans(spans(1), call()))).toMatchObject([{ failure: 'rejected' }]);
  });

  it('as a socket whose other end is gone ends the call, and no error is left unheard', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const stream = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [[peer]] = (await Promise.all([once(server, 'connection'), once(stream, 'connect')])) as [[Socket], unknown];
    const exporter = exporterOf({ stream });
    const long = spans(512, { attributes: { text: 'x'.repeat(100_000) } });
    const end = endOf(exporter.exportSpans(long, call()));
    await once(peer, 'readable');
    peer.resetAndDestroy();
    const [failed] = await end;
    expect(failed?.message).toMatch(/^console: writing to the given stream failed: .*(EPIPE|ECONNRESET)/);
    await (stream.closed || once(stream, 'close'));
    expect(await endOf(exporter.exportSpans(spans(1), call()))).toMatchObject([{ failure: 'rejected' }]);
    server.close();
  });
});

describe('standard output of a process', { timeout: 30_000 }, () => {
  async function child(): Promise<ChildProcess & { stdout: NonNullable<ChildProcess['stdout']> }> {
    const cwd = fileURLToPath(new URL('..', import.meta.url));
    const process = fork('test/fixtures/unread.mjs', { cwd, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    expect(await messageOf(process)).toBe('ready');
    return process as Awaited<ReturnType<typeof child>>;
  }

  async function messageOf(process: ChildProcess): Promise<unknown> {
    const end = new AbortController();
    process.once('exit', () => end.abort());
    const [message] = await once(process, 'message', { signal: end.signal });
    return message;
  }

  async function answer(process: ChildProcess, order: string): Promise<Record<string, unknown>> {
    process.send(order);
    return (await messageOf(process)) as Record<string, unknown>;
  }

  it('that nobody reads holds the calls back, at one chunk of memory; what was confirmed comes out once', async () => {
    const process = await child();
    const stalled = await answer(process, 'stall');
    expect(stalled).toMatchObject({ made: 120 * 512, listeners: [0, 1, 1], warnings: [] });
    expect(stalled.buffered).toBeGreaterThan(0);
    expect(stalled.buffered).toBeLessThan(70_000);

    const read = text(process.stdout);
    const exit = once(process, 'exit');
    const resumed = await answer(process, 'go on');
    expect(resumed).toMatchObject({ delivered: 60 * 512, unavailable: 0, unconfirmed: 0, rejected: 0, buffered: 0 });
    expect(resumed).toMatchObject({ listeners: [0, 0, 0], warnings: [] });
    const ids = (await read)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).spanId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBe(Number(stalled.delivered) + Number(stalled.unconfirmed) + 60 * 512);
    expect(await exit).toEqual([0, null]);
  });

  it('whose reader goes away refuses the items, and the process lives to its own end', async () => {
    const process = await child();
    const exit = once(process, 'exit');
    process.stdout.destroy();
    await once(process.stdout, 'close');
    expect(await answer(process, 'reader is gone')).toEqual({
      messages: ['rejected: console: writing to stdout failed: write EPIPE'],
      failed: 30,
      warnings: [],
    });
    expect(await exit).toEqual([0, null]);
  });
});

it('takes the resource of a call', async () => {
  const stream = new PassThrough();
  await exporterOf({ stream }).exportSpans([span()], call());
  expect(JSON.parse(await text(stream.end())).resource).toEqual(resource);
});
