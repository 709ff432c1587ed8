import { describe, expect, it } from 'vitest';
import { Intake } from '../src/intake.ts';
import { Ring } from '../src/ring.ts';
import { RunningSpans } from '../src/running.ts';
import { bucketOf, LATENCY_BUCKETS, OTHER, Samples, spansOf } from '../src/samples.ts';
import { kept, running, span } from './samples.ts';

const SECOND = 1_000_000;

describe('latency buckets', () => {
  it('reach from their lower bound up to the next one, which is the next bucket already', () => {
    const edges = LATENCY_BUCKETS.map(({ from }) => [bucketOf(from), bucketOf(Math.max(0, from - 1))]);
    expect(edges).toEqual([
      [0, 0],
      [1, 0],
      [2, 1],
      [3, 2],
      [4, 3],
      [5, 4],
      [6, 5],
      [7, 6],
      [8, 7],
    ]);
    expect([bucketOf(-5), bucketOf(1e15)]).toEqual([0, 8]);
  });
});

describe('samples', () => {
  const seenAndKept = (samples: Samples, name: string): unknown => {
    const of = samples.get(name);
    return (
      of && {
        latency: of.latency.map((shelf) => [shelf.seen, spansOf(shelf).length]),
        errors: [...of.errors].map(([code, shelf]) => [code, shelf.seen, spansOf(shelf).length]),
      }
    );
  };

  it('are one a second of a kind; what comes faster is counted, and errors have shelves of their own', () => {
    const samples = new Samples(10);
    const start = 1_735_689_600_000_000;
    samples.add(kept({ start, ms: 0.008 }), 1);
    samples.add(kept({ start, ms: 0.01 }), 1);
    samples.add(kept({ start, ms: 250 }), 1);
    samples.add(kept({ start: start + 0.4 * SECOND, ms: 250 }), 1);
    samples.add(kept({ start, ms: 3_000, status: { code: 14 } }), 1);
    const none = [0, 0];
    expect(seenAndKept(samples, 'GET /cart')).toEqual({
      latency: [[1, 1], [1, 1], none, none, none, [2, 1], none, none, none],
      errors: [[14, 1, 1]],
    });
  });

  it('are at most 10 of a latency and 5 of an error code, the newest, sampled ones and others apart', () => {
    const samples = new Samples(10);
    for (let at = 0; at < 30; at++) {
      for (const sampled of [true, false]) {
        samples.add(kept({ start: at * 2 * SECOND, ms: 1 }, sampled), 1);
        samples.add(kept({ start: at * 2 * SECOND, ms: 1, status: { code: 5 } }, sampled), 1);
      }
    }
    const of = samples.get('GET /cart');
    const fast = of?.latency[3] ? spansOf(of.latency[3]) : [];
    expect(fast.map(({ start }) => start / SECOND / 2)).toEqual(
      [29, 28, 27, 26, 25, 24, 23, 22, 21, 20].flatMap((n) => [n, n]),
    );
    expect(seenAndKept(samples, 'GET /cart')).toMatchObject({ errors: [[5, 60, 10]] });
    expect(samples.bytes).toBe(30);
  });

  it('are taken again at once after the clock was set back', () => {
    const samples = new Samples(10);
    samples.add(kept({ start: 100 * SECOND, ms: 1 }), 1);
    samples.add(kept({ start: 50 * SECOND, ms: 1 }), 1);
    expect(samples.bytes).toBe(2);
  });

  it('have so many names and no more: the others share one', () => {
    const samples = new Samples(3, ['first']);
    for (const name of ['a', 'b', 'c', 'd', 'a']) samples.add(kept({ name }), 1);
    expect(samples.list().map(({ name }) => name)).toEqual([OTHER, 'a', 'b', 'first']);
    expect(samples.get(OTHER)?.latency[4]?.seen).toBe(2);
  });

  it('stay within their bytes: the name that took one longest ago gives up its own, and keeps its counts', () => {
    const samples = new Samples(10, [], 100);
    for (const name of ['old', 'middle', 'new']) samples.add(kept({ name }), 40);
    expect(samples.bytes).toBeLessThanOrEqual(100);
    expect(seenAndKept(samples, 'old')).toMatchObject({ latency: expect.arrayContaining([[1, 0]]) });
    expect(seenAndKept(samples, 'new')).toMatchObject({ latency: expect.arrayContaining([[1, 1]]) });
  });
});

describe('the ring of traces', () => {
  it('keeps the most recent traces, within its number and its bytes', () => {
    const byNumber = new Ring({ traces: 3 });
    const byBytes = new Ring({ bytes: 3_000 });
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) {
      byNumber.add(kept({ name }), 10);
      byBytes.add(kept({ name }), 1_000);
    }
    const namesIn = (ring: Ring): readonly string[] => ring.traces().map(({ root }) => root.name);
    expect([namesIn(byNumber), byNumber.evicted]).toEqual([['c', 'd', 'e'], 2]);
    expect([namesIn(byBytes), byBytes.evicted, byBytes.bytes]).toEqual([['d', 'e'], 3, 2_600]);
  });

  it('never holds more bytes than it may, not for one huge trace either', () => {
    const ring = new Ring({ bytes: 5_000 });
    for (let at = 0; at < 100; at++) {
      ring.add(kept({ traceId: 'one' }), 1_000);
      expect(ring.bytes).toBeLessThanOrEqual(5_000);
    }
    ring.add(kept(), 1);
    expect(ring.size).toBeGreaterThan(0);
  });

  it('knows of a trace its root, its whole time, its errors, and whether an exporter gets any of it', () => {
    const ring = new Ring();
    const traceId = 'c'.repeat(32);
    ring.add(kept({ traceId, parentSpanId: '1', start: 2_000, ms: 1, status: { code: 2 } }, false), 10);
    ring.add(kept({ traceId, name: 'root', start: 1_000, ms: 9 }, true), 10);
    ring.add(kept({ traceId, parentSpanId: '1', start: 1_500, ms: 20 }, false), 10);
    const { root, start, end, errors, sampled, spans } = ring.get(traceId) ?? {};
    expect({ root: root?.name, start, end, errors, sampled, spans: spans?.length }).toEqual({
      root: 'root',
      start: 1_000,
      end: 21_500,
      errors: 1,
      sampled: true,
      spans: 3,
    });
  });

  it('counts the spans of a trace that are too many, and keeps its root all the same', () => {
    const ring = new Ring({ spans: 2 });
    const traceId = 'd'.repeat(32);
    for (let at = 0; at < 5; at++) ring.add(kept({ traceId, parentSpanId: '1', start: 100 + at }), 10);
    ring.add(kept({ traceId, name: 'root', start: 1 }), 10);
    const trace = ring.get(traceId);
    expect([trace?.omitted, trace?.spans.length, trace?.root.name]).toEqual([3, 3, 'root']);
  });
});

describe('running spans', () => {
  it('are those that have not ended, in the order of their start, however many have', () => {
    const spans = new RunningSpans();
    const open: string[] = [];
    for (let at = 0; at < 20_000; at++) {
      const isOpen = at % 100 === 0;
      spans.add(isOpen ? running({ name: `open ${at}` }) : span());
      if (isOpen) open.push(`open ${at}`);
    }
    expect(spans.list().map(({ name }) => name)).toEqual(open);
    expect(spans.untracked).toBe(0);
  });

  it('are bounded: of those that are never ended the oldest and the newest are kept, the others counted', () => {
    const spans = new RunningSpans();
    for (let at = 0; at < 100_000; at++) spans.add(running({ name: String(at) }));
    const names = spans.list().map(({ name }) => Number(name));
    expect(names.length).toBeLessThan(5_000);
    expect(names.slice(0, 1_000)).toEqual(Array.from({ length: 1_000 }, (_, at) => at));
    expect(names.at(-1)).toBe(99_999);
    expect(spans.untracked + names.length).toBe(100_000);
  });
});

describe('the intake', () => {
  function opened(): { intake: Intake; ring: Ring; now: { ms: number } } {
    const ring = new Ring();
    const now = { ms: 0 };
    return { ring, now, intake: new Intake(ring, new Samples(10), () => now.ms) };
  }

  it('looks at what has ended when somebody reads', () => {
    const { intake, ring } = opened();
    intake.end(span({ name: 'a' }), true);
    intake.end(span({ name: 'b' }), false);
    expect(ring.size).toBe(0);
    intake.catchUp();
    expect(ring.traces().map(({ root, sampled }) => [root.name, sampled])).toEqual([
      ['a', true],
      ['b', false],
    ]);
    expect(intake.seen).toEqual({ spans: 2, sampledRoots: 1, unsampledRoots: 1, skipped: 0 });
  });

  it('takes a burst of 20,000 spans whole; what goes on faster than 10,000 a second is counted as skipped', () => {
    const { intake, now } = opened();
    for (let at = 0; at < 19_968; at++) intake.end(span(), true);
    expect(intake.seen.skipped).toBe(0);
    for (let at = 0; at < 25_600; at++) intake.end(span(), true);
    expect(intake.seen.skipped).toBe(25_600);
    now.ms += 1_000;
    for (let at = 0; at < 12_800; at++) intake.end(span(), true);
    intake.catchUp();
    expect(intake.seen).toMatchObject({ spans: 58_368, skipped: 25_600 + 12_800 - 9_984 });
  });

  it('does not break when a span of a bridge cannot be read', () => {
    const { intake, ring } = opened();
    const broken = Object.defineProperty(span(), 'attributes', {
      get() {
        throw new Error('unreadable');
      },
    });
    intake.end(broken, true);
    intake.end(span(), true);
    intake.catchUp();
    expect([ring.size, intake.seen.skipped]).toEqual([1, 1]);
  });
});
