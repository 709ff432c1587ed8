import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { Intake } from '../src/intake.ts';
import { Ring } from '../src/ring.ts';
import { Samples } from '../src/samples.ts';
import { listOf } from '../src/traces.ts';
import { kept, span } from './samples.ts';
import { opened } from './site.ts';

it('100,000 spans with pages open: what is kept stays within its bounds, and the pages go on', async () => {
  const { oc, url, json } = await opened();
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const pages = ['', 'tracez?show=slowest&', 'tracez?q=nothing&'].map(async (path) => {
    const { body } = await fetch(`${url}${path || '?'}format=events`, { signal: stop.signal });
    return body?.getReader();
  });
  for (const reader of await Promise.all(pages)) await reader?.read();
  for (let at = 0; at < 20_000; at++) {
    const root = oc.tracer.startSpan(`GET /${at % 2_000}`, {
      parent: null,
      attributes: { id: at, text: 'x'.repeat(at % 500) },
    });
    for (let child = 0; child < 4; child++) oc.tracer.startSpan('call', { parent: root }).end();
    if (at % 100 > 0) root.end(); // a leak of one in a hundred
    if (at % 100 === 0) await nextTurn();
  }
  const { kept, seen, running } = await json<Record<string, Record<string, number>> & { running: number }>('/');
  expect(seen?.spans).toBe(99_800);
  expect(kept?.traces).toBeGreaterThan(1_000);
  expect(kept?.traces).toBeLessThanOrEqual(10_000);
  expect(kept?.bytes).toBeLessThanOrEqual(16 * 2 ** 20);
  expect(kept?.sampleBytes).toBeLessThanOrEqual(16 * 2 ** 20);
  expect(running).toBe(200);
});

it('a search through all that is kept lets the application have its turns', async () => {
  const ring = new Ring({ bytes: Number.POSITIVE_INFINITY });
  for (let at = 0; at < 10_000; at++) {
    const attributes = { text: `${at} `.repeat(200), more: ['a'.repeat(200), 'b'.repeat(200)] };
    for (let child = 0; child < 3; child++) ring.add(kept({ traceId: String(at), attributes }), 1);
  }
  let turns = 0;
  let isDone = false;
  const others = (async () => {
    while (!isDone) {
      turns++;
      await nextTurn();
    }
  })();
  const found = await listOf(ring, [], { list: 'newest', search: 'nowhere', most: 100, now: 0 });
  isDone = true;
  await others;
  expect(found).toEqual({ rows: [], total: 0, isCut: false });
  expect(turns).toBeGreaterThan(3);
});

it('an application that ends a span does no more for it than remember it', () => {
  const intake = new Intake(new Ring(), new Samples(10));
  const read: string[] = [];
  const watched = new Proxy(span(), {
    get(target, key, receiver) {
      read.push(String(key));
      return Reflect.get(target, key, receiver);
    },
  });
  intake.start(watched);
  intake.end(watched, true);
  expect(read).toEqual([]);
});
