import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { ConfigError, neverSample, telemetry } from '@oc/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { zpages } from '../src/index.ts';
import { opened } from './site.ts';

const PATHS = [
  '/',
  '/tracez',
  '/tracez?show=names',
  '/statsz',
  '/rpcz',
  '/exporterz',
  '/traceconfigz',
  '/zpages.js',
  '/zpages.css',
  '/nowhere',
];

describe('every answer', () => {
  it('forbids others to run in it, frame it, keep it or guess its type', async () => {
    const { get } = await opened();
    for (const path of PATHS) {
      const { headers } = await get(path);
      expect([path, headers]).toEqual([
        path,
        expect.objectContaining({
          'cache-control': 'no-store',
          'content-security-policy':
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
          'referrer-policy': 'same-origin',
          'x-content-type-options': 'nosniff',
          'x-frame-options': 'DENY',
          'cross-origin-resource-policy': 'same-origin',
        }),
      ]);
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });
});

describe('a request', () => {
  it('is answered under the names of the list only: a name of somebody else may lead here too', async () => {
    const { get } = await opened();
    const status = async (host: string): Promise<unknown> => (await get('/tracez', { host })).status;
    for (const host of ['localhost', 'LOCALHOST:80', '127.0.0.1:1', '[::1]:55679'])
      expect([host, await status(host)]).toEqual([host, 200]);
    for (const host of [
      'evil.test',
      'localhost.evil.test',
      'evil.test:80',
      '127.0.0.1@evil.test',
      '0.0.0.0',

      'a b',
    ])
      expect([host, await status(host)]).toEqual([host, 403]);
  });

  it('may use other names when they are allowed, and then no loopback name that is not', async () => {
    const { get } = await opened({ allowedHosts: ['Debug.Shop.Internal'] });
    expect((await get('/', { host: 'debug.shop.internal:80' })).status).toBe(200);
    expect((await get('/', { host: 'localhost' })).status).toBe(403);
  });

  it('from another site is refused, but for a link that somebody follows', async () => {
    const { get, send } = await opened();
    const of = (site: string, mode: string, dest: string): Record<string, string> => ({
      'sec-fetch-site': site,
      'sec-fetch-mode': mode,
      'sec-fetch-dest': dest,
    });
    const cases = [
      [of('cross-site', 'no-cors', 'script'), 403],
      [of('cross-site', 'cors', 'empty'), 403],
      [of('cross-site', 'navigate', 'iframe'), 403],
      [of('same-site', 'cors', 'empty'), 403], // another port of this machine
      [{ 'sec-fetch-site': 'cross-site' }, 403],
      [of('cross-site', 'navigate', 'document'), 200],
      [of('none', 'navigate', 'document'), 200],
      [of('same-origin', 'cors', 'empty'), 200],
    ] as const;
    for (const [headers, status] of cases)
      expect([headers, (await get('/tracez', headers)).status]).toEqual([headers, status]);
    const followed = of('cross-site', 'navigate', 'document');
    expect((await send('POST', '/traceconfigz', followed, 'sampler=never')).status).toBe(403);
  });

  it('reads: other methods are refused', async () => {
    const { send } = await opened();
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const { status, headers } = await send(method, '/traceconfigz');
      expect([method, status, headers.allow]).toEqual([method, 405, 'GET, HEAD']);
    }
    const { status, body } = await send('HEAD', '/tracez');
    expect([status, body]).toEqual([200, '']);
  });

  it('that is none is answered with 400, and the next one as usual', async () => {
    const { pages, get } = await opened();
    for (const line of [
      'nonsense\r\n\r\n',
      'GET http://evil.test/ HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'GET //evil.test/ HTTP/1.1\r\nHost: localhost\r\n\r\n',
    ]) {
      const socket = connect(pages.address?.port ?? 0, '127.0.0.1');
      socket.end(line);
      const [answer] = (await once(socket.setEncoding('utf8'), 'data')) as [string];
      expect(answer.split('\r\n')[0]).toBe('HTTP/1.1 400 Bad Request');
      socket.destroy();
    }
    expect((await get('/tracez')).status).toBe(200);
  });

  it('with parameters that make no sense is answered as if they were not there', async () => {
    const { get } = await opened();
    for (const path of [
      '/tracez?zspanname=x&ztype=9&zsubtype=-1',
      '/tracez?show=magic&limit=NaN',
      '/statsz?path=../..',
      '/statsz?path=%E0%A4%A',
      '/tracez?zspanname=%',
    ]) {
      expect([path, (await get(path)).status]).toEqual([path, 200]);
    }
    expect((await get('/tracez?traceid=<script>')).status).toBe(404);
  });
});

describe('the sampler', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };

  /** Reads the token out of the form, as a browser does. */
  async function formOf(site: Awaited<ReturnType<typeof opened>>): Promise<string> {
    const { body } = await site.get('/traceconfigz');
    return /name="token" value="([\w-]{20,})"/.exec(body)?.[1] ?? 'no token';
  }

  async function samplerOf(site: Awaited<ReturnType<typeof opened>>): Promise<string> {
    return (await site.json<{ sampler: string }>('/traceconfigz')).sampler;
  }

  it('is changed by the form of the page, for the roots that follow, and brought back', async () => {
    const site = await opened({ allowConfigChange: true });
    const token = await formOf(site);
    const own = { ...form, host: 'localhost', origin: 'http://localhost' };
    const post = async (fields: string): Promise<unknown> =>
      (await site.send('POST', '/traceconfigz', own, `token=${token}&${fields}`)).headers.location;

    expect(await post('sampler=probability&samplingprobability=0.25')).toBe('traceconfigz?changed=1');
    expect(await samplerOf(site)).toBe('probability(0.25)');
    expect(await post('samplingprobability=0&change=permanently')).toBe('traceconfigz?changed=1'); // OpenCensus's own fields
    expect(await samplerOf(site)).toBe('probability(0)');
    expect(site.oc.tracer.startSpan('x').context.sampled).toBe(false);
    expect(await post('sampler=rate&tracespersecond=5')).toBe('traceconfigz?changed=1');
    expect(await samplerOf(site)).toBe('rateLimited(5)');
    expect(await post('change=restore_default')).toBe('traceconfigz?changed=1');
    expect(await samplerOf(site)).toBe('always');
    for (const wrong of [
      'sampler=probability&samplingprobability=2',
      'sampler=probability&samplingprobability=',
      'sampler=rate&tracespersecond=-1',
      'sampler=magic',
    ]) {
      expect([wrong, await post(wrong)]).toEqual([wrong, 'traceconfigz?wrong=1']);
    }
    expect(await samplerOf(site)).toBe('always');
  });

  it('is not changed by a GET, by another site, without the token, or by a form of endless length', async () => {
    const site = await opened({ allowConfigChange: true });
    const token = await formOf(site);
    const body = `token=${token}&sampler=never`;
    await site.get('/traceconfigz?change=permanently&samplingprobability=0&sampler=never');
    const attempts = [
      [{ ...form, host: 'localhost', origin: 'http://evil.test' }, body],
      [{ ...form, host: 'localhost', origin: 'null' }, body],
      [{ ...form, host: 'localhost' }, body],
      [{ ...form, host: 'localhost', 'sec-fetch-site': 'same-site' }, body],
      [{ ...form, host: 'localhost', origin: 'http://localhost' }, 'sampler=never'],
      [{ ...form, host: 'localhost', origin: 'http://localhost' }, 'token=wrong&sampler=never'],
    ] as const;
    for (const [headers, fields] of attempts)
      expect((await site.send('POST', '/traceconfigz', headers, fields)).status).toBe(403);
    const long = await site.send(
      'POST',
      '/traceconfigz',
      { ...form, host: 'localhost', origin: 'http://localhost' },
      `${body}&x=${'x'.repeat(10_000)}`,
    );
    expect([long.status, await samplerOf(site)]).toEqual([400, 'always']);
  });

  it('is only shown unless the option says otherwise', async () => {
    const site = await opened({}, { sampler: neverSample() });
    expect((await site.get('/traceconfigz')).body).not.toContain('<form');
    expect(await site.json('/traceconfigz')).toMatchObject({ sampler: 'never', canBeChanged: false });
  });
});

describe('the pages', () => {
  it('are served by any server, at any path, with links that hold there', async () => {
    const pages = zpages({ startServer: false });
    const oc = telemetry({ service: 'shop', flushOn: [], exporters: [pages] });
    await oc.ready;
    const server = createServer((request, response) => pages.handler(request, response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(async () => {
      server.close().closeAllConnections();
      await oc.shutdown();
    });
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/debug/`;
    const links = async (path: string): Promise<readonly string[]> => {
      const body = await (await fetch(base + path)).text();
      return [...body.matchAll(/(?:href|src)="([^"]+)"/g)].map(
        ([, href = '']) => new URL(href.replaceAll('&amp;', '&'), base + path).href,
      );
    };
    expect(pages.address).toBeUndefined();
    for (const href of new Set([...(await links('')), ...(await links('tracez'))])) {
      expect([href.startsWith(base), (await fetch(href)).status]).toEqual([true, 200]);
    }
  });

  it('answer 503 before the telemetry has started and after it has shut down', async () => {
    const pages = zpages({ startServer: false });
    const server = createServer((request, response) => pages.handler(request, response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close().closeAllConnections());
    const status = async (): Promise<number> =>
      (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/tracez`)).status;
    const before = await status();
    const oc = telemetry({ flushOn: [], exporters: [pages] });
    await oc.ready;
    const during = await status();
    await oc.shutdown();
    expect([before, during, await status()]).toEqual([503, 200, 503]);
  });

  it('refuse wrong options, all in one ConfigError', () => {
    const wrong = { port: 70_000, host: 7, allowedHosts: ['localhost:80'], maxSpanNames: 0, colour: 'red' };
    expect(() => zpages(wrong as object)).toThrow(ConfigError);
    expect(() => zpages(wrong as object)).toThrow(/colour.*host.*port.*allowedHosts.*maxSpanNames/);
  });
});
