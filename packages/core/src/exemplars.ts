import { active } from './context.ts';
import { hexOf } from './ids.ts';
import type { Exemplar } from './metric.ts';
import type { Trace } from './record.ts';
import { RecordingSpan } from './recording.ts';
import type { UnixMicros } from './span.ts';

/** An exemplar as it is kept: written over in place, its ids in hex only when it is read. */
interface Example {
  value: number;
  time: UnixMicros;
  trace: Trace;
  high: number;
  low: number;
}

/** The newest measurement of each bucket that was made in a sampled span. Most programs never have one. */
export class Exemplars {
  #byCell: Map<number, Example> | undefined;

  /** Keeps a value for a bucket, if a sampled span is current. */
  keep(cell: number, value: number): void {
    const span = active();
    if (!(span instanceof RecordingSpan) || !span.record.sampled) return;
    const { trace, high, low } = span.record;
    const time = span.recorder.stamps.at(span.recorder.stamps.clock.monotonic());
    this.#byCell ??= new Map();
    const kept = this.#byCell.get(cell);
    if (kept) Object.assign(kept, { value, time, trace, high, low });
    else this.#byCell.set(cell, { value, time, trace, high, low });
  }

  /** Those of the buckets from `first` on. */
  read(first: number, buckets: number): readonly Exemplar[] {
    const found: Exemplar[] = [];
    if (!this.#byCell) return found;
    for (let cell = first; cell < first + buckets; cell++) {
      const example = this.#byCell.get(cell);
      if (example) found.push(exemplarOf(example));
    }
    return found;
  }
}

function exemplarOf({ value, time, trace, high, low }: Example): Exemplar {
  return { value, time, attachments: { trace_id: trace.id, span_id: hexOf(high) + hexOf(low) } };
}
