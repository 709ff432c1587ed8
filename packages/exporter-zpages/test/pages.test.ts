import { neverSample } from '@oc/core';
import { describe, expect, it } from 'vitest';
import { opened } from './site.ts';

interface TraceRowJson {
  readonly name: string;
  readonly spans: number;
  readonly errors: number;
  readonly running: number;
  readonly sampled?: boolean;
}

const namesIn = ({ traces }: { readonly traces: readonly TraceRowJson[] }): readonly string[] =>
  traces.map(({ name }) => name);

describe('traces', () => {
  it('are listed newest first, slowest first, with errors, and those that run, oldest first', async () => {
    const { oc, json } = await opened();
    const start = Date.now() - 10_000;
    oc.tracer.startSpan('slow', { start }).end(start + 5_000);
    oc.tracer.startSpan('fast', { start: start + 1_000 }).end(start + 1_001);
    oc.tracer
      .startSpan('failed', { start: start + 2_000 })
      .setStatus('UNAVAILABLE')
      .end(start + 2_100);
    oc.tracer.startSpan('old', { start: start - 5_000 });
    oc.tracer.startSpan('young', { start: start + 3_000 });
    const lists = ['newest', 'slowest', 'errors', 'running'].map(async (show) => [
      show,
      namesIn(await json(`/tracez?show=${show}`)),
    ]);
    expect(Object.fromEntries(await Promise.all(lists))).toEqual({
      newest: ['young', 'failed', 'fast', 'slow', 'old'],
      slowest: ['slow', 'failed', 'fast'],
      errors: ['failed'],
      running: ['old', 'young'],
    });
  });

  it('are found by name, by the beginning of an id, by text and by attribute, each word in any span', async () => {
    const { oc, json } = await opened();
    const cart = oc.tracer.startSpan('GET /cart', { attributes: { 'user.id': 'u42', items: 3 } });
    const query = oc.tracer.startSpan('SELECT carts', { parent: cart });
    query.recordError(new TypeError('no such table')).setStatus('NOT_FOUND', 'gone for good').end();
    cart.end();
    oc.tracer.startSpan('POST /order', { attributes: { 'user.id': 'u421', note: 'two words' } }).end();
    const { traceId, spanId } = query.context;
    const finds: Readonly<Record<string, readonly string[]>> = {
      cart: ['GET /cart'],
      CART: ['GET /cart'],
      'user.id=u42': ['POST /order', 'GET /cart'],
      'items=3': ['GET /cart'],
      'items=4': [],
      [traceId]: ['GET /cart'],
      [spanId.slice(0, 8)]: ['GET /cart'],
      'no such table': ['GET /cart'],
      not_found: ['GET /cart'],
      '"two words"': ['POST /order'],
      'cart u42': ['GET /cart'],
      'order cart': [],
      '   ': ['POST /order', 'GET /cart'],
    };
    for (const [search, names] of Object.entries(finds)) {
      expect([search, namesIn(await json(`/tracez?q=${encodeURIComponent(search)}`))]).toEqual([search, names]);
    }
  });

  it('that the sampler left out are shown, marked as seen only here', async () => {
    const { oc, get, json } = await opened({}, { sampler: neverSample() });
    oc.tracer.span('outer', () => oc.tracer.span('inner', () => {}));
    const { traces } = await json<{ traces: readonly TraceRowJson[] }>('/tracez');
    expect(traces).toEqual([
      expect.objectContaining({ name: 'outer', spans: 2, errors: 0, running: 0, sampled: false }),
    ]);
    expect((await get('/tracez')).body).toContain('seen only here');
  });

  it('one trace has all that its spans say, and the spans that link to it', async () => {
    const { oc, get, json } = await opened();
    const root = oc.tracer.startSpan('order', { kind: 'server', attributes: { vip: true } });
    const child = oc.tracer.startSpan('charge', { parent: root, kind: 'client' });
    child.annotate('retry', { n: 2 }).messageEvent({ type: 'sent', id: 1, uncompressedBytes: 2_048 });
    child.setStatus('UNAVAILABLE', 'bank closed').end();
    oc.tracer.startSpan('ship', { parent: null, links: [{ context: root.context, type: 'parent' }] }).end();
    const path = `/tracez?traceid=${root.context.traceId}`;
    const { spans } = await json<{ spans: readonly Record<string, unknown>[] }>(path);
    expect(spans.map(({ name, end, status }) => [name, end === undefined, status])).toEqual([
      ['order', true, { code: 0 }],
      ['charge', false, { code: 14, message: 'bank closed' }],
    ]);
    const { body } = await get(`${path}&spanid=${child.context.spanId}`);
    for (const text of ['UNAVAILABLE', 'bank closed', 'retry', '↑ sent', '2.00 KiB', 'running'])
      expect(body).toContain(text);
    expect((await get(path)).body).toMatch(/Linked from[\s\S]*ship/);
  });

  it('that is not here (any more) is answered with 404 and the reason', async () => {
    const { get } = await opened();
    const { status, body } = await get(`/tracez?traceid=${'a'.repeat(32)}`);
    expect([status, body]).toEqual([404, expect.stringContaining('This trace is not here.')]);
  });
});

describe('spans by name', () => {
  it('are counted and sampled, under the parameters of OpenCensus for Go, Java and Node', async () => {
    const { oc, json, get } = await opened({ spanNames: ['awaited'] });
    const start = Date.now() - 60_000;
    const ended = (ms: number, at = 0, code: 'OK' | 'UNAVAILABLE' = 'OK'): void =>
      oc.tracer
        .startSpan('GET /cart', { start: start + at })
        .setStatus(code)
        .end(start + at + ms);
    ended(0.008);
    ended(0.01);
    ended(250);
    ended(250, 400);
    ended(3_000, 0, 'UNAVAILABLE');
    oc.tracer.startSpan('GET /cart');
    const { names } = await json<{ names: readonly Record<string, unknown>[] }>('/tracez?show=names');
    expect(names).toEqual([
      {
        name: 'GET /cart',
        running: 1,
        latency: [1, 1, 0, 0, 0, 1, 0, 0, 0],
        latencySeen: [1, 1, 0, 0, 0, 2, 0, 0, 0],
        errors: 1,
        errorsSeen: 1,
        errorsByCode: { 14: 1 },
      },
      expect.objectContaining({ name: 'awaited', running: 0, errors: 0 }),
    ]);
    const counts: Readonly<Record<string, number | undefined>> = {
      'zspanname=GET%20%2Fcart&ztype=0': 1,
      'zspanname=GET%20%2Fcart&ztype=1&zsubtype=5': 1,
      'zspanname=GET%20%2Fcart&ztype=1&zsubtype=6': 0,
      'zspanname=GET%20%2Fcart&ztype=2&zsubtype=0': 1,
      'zspanname=GET%20%2Fcart&ztype=2&zsubtype=14': 1,
      'zspanname=GET%20%2Fcart&ztype=2&zsubtype=13': 0,
      'zspanname=GET%20%2Fcart&ztype=1&zsubtype=9': undefined,
      'zspanname=nobody&ztype=0': 0,
      'tracename=GET%20%2Fcart&type=RUNNING': 1,
      'tracename=GET%20%2Fcart&type=ERRORS': 1,
      'tracename=GET%20%2Fcart&type=MILLIx100_SECONDx1': 1,
      'tracename=GET%20%2Fcart&type=MAGIC': undefined,
    };
    for (const [query, expected] of Object.entries(counts)) {
      const { spans } = await json<{ spans?: readonly unknown[] }>(`/tracez?${query}`);
      expect([query, spans?.length]).toEqual([query, expected]);
    }
    expect((await get('/tracez?show=names')).body).toContain(
      'href="tracez?zspanname=GET%20%2Fcart&amp;ztype=2&amp;zsubtype=0"',
    );
    expect((await get('/tracez?show=names&format=text')).body).toMatch(
      /^Span name +Running +>0us .* Errors\nGET \/cart +1 +1 +1 +0 +0 +0 +1 +0 +0 +0 +1\n/,
    );
  });
});

describe('a page', () => {
  it('is JSON when that is asked for, by a parameter or by Accept; numbers that JSON lacks are text', async () => {
    const { oc, get } = await opened();
    oc.tracer.startSpan('x', { attributes: { nan: Number.NaN } }).end();
    const { headers, body } = await get('/tracez', { accept: 'application/json' });
    expect([headers['content-type'], JSON.parse(body).list]).toEqual(['application/json; charset=utf-8', 'newest']);
    const traceId = JSON.parse(body).traces[0].traceId;
    expect(JSON.parse((await get(`/tracez?traceid=${traceId}&format=json`)).body).spans[0].attributes).toEqual({
      nan: 'NaN',
    });
    expect((await get('/tracez', { accept: 'text/html,application/json' })).headers['content-type']).toBe(
      'text/html; charset=utf-8',
    );
  });

  it('says what it is about when there is nothing to show', async () => {
    const { get } = await opened();
    const texts: Readonly<Record<string, string>> = {
      '/': 'Nothing has ended yet',
      '/tracez': 'No traces yet.',
      '/tracez?show=errors': 'No errors.',
      '/tracez?show=running': 'Nothing is running.',
      '/tracez?show=names': 'No spans yet.',
      '/tracez?q=x': 'No trace fits this search.',
      '/statsz': 'No views yet.',
      '/rpcz': 'No gRPC views are registered.',
      '/exporterz': 'No exporter takes anything.',
    };
    for (const [path, text] of Object.entries(texts))
      expect([path, (await get(path)).body.includes(text)]).toEqual([path, true]);
  });
});
