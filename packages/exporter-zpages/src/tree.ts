import type { RunningSpan, UnixMicros } from '@oc/core/exporter';
import type { KeptSpan } from './intake.ts';
import type { KeptTrace } from './ring.ts';

/** A span at its place in a trace. */
export interface Branch {
  readonly span: RunningSpan;
  /** 0 for a span without a parent here. */
  readonly depth: number;
  /** Microseconds since the trace's start. */
  readonly offset: number;
  /** Microseconds; up to now for a span that runs. */
  readonly duration: number;
  readonly isRunning: boolean;
  /** Its parent belongs to this process and is not here: it was not kept, or not seen. */
  readonly isOrphan: boolean;
  readonly children: number;
  readonly sampled: boolean | undefined;
}

/** A trace as a tree, written down from top to bottom. */
export interface Tree {
  readonly traceId: string;
  readonly start: UnixMicros;
  /** Microseconds; at least 1. */
  readonly duration: number;
  readonly branches: readonly Branch[];
  readonly errors: number;
  readonly running: number;
  readonly omitted: number;
}

interface Member {
  readonly span: RunningSpan;
  readonly sampled: boolean | undefined;
}

/** Puts each span below its parent, children in the order of their start; undefined for a trace without spans. */
export function treeOf(
  traceId: string,
  kept: KeptTrace | undefined,
  running: readonly RunningSpan[],
  now: UnixMicros,
): Tree | undefined {
  const ended = (kept?.spans ?? []).map((span: KeptSpan): Member => ({ span, sampled: span.sampled }));
  const members = [...ended, ...running.map((span): Member => ({ span, sampled: undefined }))];
  if (members.length === 0) return undefined;
  const spans = members.map(({ span }) => span);
  const start = spans.reduce((least, span) => Math.min(least, span.start), Number.POSITIVE_INFINITY);
  const end = spans.reduce((most, span) => Math.max(most, span.end ?? now), start + 1);
  return {
    traceId,
    start,
    duration: end - start,
    branches: branchesOf(members, start, now),
    errors: spans.filter(({ status }) => status.code !== 0).length,
    running: running.length,
    omitted: kept?.omitted ?? 0,
  };
}

function branchesOf(members: readonly Member[], start: UnixMicros, now: UnixMicros): readonly Branch[] {
  const ids = new Set(members.map(({ span }) => span.spanId));
  const below = new Map<string, Member[]>();
  const tops: Member[] = [];
  for (const member of members.toSorted(earlierFirst)) {
    const { parentSpanId } = member.span;
    if (parentSpanId === undefined || !ids.has(parentSpanId)) tops.push(member);
    else below.set(parentSpanId, [...(below.get(parentSpanId) ?? []), member]);
  }
  const branches: Branch[] = [];
  const placed = new Set<Member>();
  function place(top: Member): void {
    // A stack of its own: a trace may be deeper than the one of the language.
    const waiting = [{ member: top, depth: 0 }];
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const { member, depth } = next;
      if (placed.has(member)) continue; // its id occurs twice
      placed.add(member);
      const { span, sampled } = member;
      const children = below.get(span.spanId) ?? [];
      branches.push({
        span,
        depth,
        offset: span.start - start,
        duration: Math.max(0, (span.end ?? Math.max(now, span.start)) - span.start),
        isRunning: span.end === undefined,
        isOrphan: depth === 0 && span.parentSpanId !== undefined && !span.remoteParent,
        children: children.length,
        sampled,
      });
      for (const child of children.toReversed()) waiting.push({ member: child, depth: depth + 1 });
    }
  }
  for (const top of tops) place(top);
  // Spans of a bridge may be each other's parents: nothing leads to them.
  for (const member of members) if (!placed.has(member)) place(member);
  return branches;
}

function earlierFirst({ span: a }: Member, { span: b }: Member): number {
  return a.start - b.start || (b.end ?? 0) - (a.end ?? 0);
}
