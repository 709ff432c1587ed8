import { bitsAt, hexOf, randomBits } from './ids.ts';
import type { Span, SpanContext } from './span.ts';

/**
 * A span that keeps nothing but its context, which is made when somebody asks. Its trace id is four integers, or all 0
 * until it is needed.
 */
export class UnsampledSpan implements Span {
  // Not #private: V8 keeps a mark of private methods in each instance, and there is one of these for every span.
  private a: number;
  private b: number;
  private c: number;
  private d: number;
  private made: SpanContext | undefined;

  constructor(a: number, b: number, c: number, d: number, context: SpanContext | undefined) {
    this.a = a;
    this.b = b;
    this.c = c;
    this.d = d;
    this.made = context;
  }

  get context(): SpanContext {
    if (!this.made) {
      this.draw();
      const traceId = hexOf(this.a) + hexOf(this.b) + hexOf(this.c) + hexOf(this.d);
      this.made = { traceId, spanId: newSpanId(), sampled: false };
    }
    return this.made;
  }

  /** Whether it only carries a context of others, as it came. */
  get isPassing(): boolean {
    return this.made !== undefined && (this.a | this.b | this.c | this.d) === 0;
  }

  /** The same decision, the same trace, an id of its own. */
  child(): UnsampledSpan {
    if (this.made?.traceState !== undefined) return unsampledBelow(this.made);
    this.draw();
    return new UnsampledSpan(this.a, this.b, this.c, this.d, undefined);
  }

  private draw(): void {
    if ((this.a | this.b | this.c | this.d) !== 0) return;
    this.a = randomBits();
    this.b = randomBits();
    this.c = randomBits();
    this.d = randomBits() || 1; // never all zero
  }

  get recording(): boolean {
    return false;
  }
  setAttribute(): this {
    return this;
  }
  setAttributes(): this {
    return this;
  }
  annotate(): this {
    return this;
  }
  recordError(): this {
    return this;
  }
  messageEvent(): this {
    return this;
  }
  link(): this {
    return this;
  }
  setStatus(): this {
    return this;
  }
  setName(): this {
    return this;
  }
  end(): void {}
}

/** An unsampled span below `parent`, or the first of a trace of its own. */
export function unsampledBelow(parent: SpanContext | undefined): UnsampledSpan {
  if (!parent) return new UnsampledSpan(0, 0, 0, 0, undefined);
  const { traceId, traceState } = parent;
  const context = { traceId, spanId: newSpanId(), sampled: false };
  const [a, b, c, d] = [0, 8, 16, 24].map((at) => bitsAt(traceId, at)) as [number, number, number, number];
  return new UnsampledSpan(a, b, c, d, traceState === undefined ? context : { ...context, traceState });
}

function newSpanId(): string {
  return hexOf(randomBits()) + hexOf(randomBits() || 1);
}
