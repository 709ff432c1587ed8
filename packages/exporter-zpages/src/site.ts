import type { Source } from '@oc/core/exporter';
import { Intake } from './intake.ts';
import { READ_EVERY_MS, Readings } from './readings.ts';
import { Ring } from './ring.ts';
import { Samples } from './samples.ts';

/** What the pages are made of. */
export interface Site {
  readonly source: Source;
  readonly ring: Ring;
  readonly samples: Samples;
  readonly intake: Intake;
  readonly readings: Readings;
  /** The sampler that the application began with. */
  readonly firstSampler: ReturnType<Source['sampling']['read']>;
  /** What a form has to show; undefined when the pages may change nothing. */
  readonly token: string | undefined;
  /** When the pages were started, in milliseconds since 1970. */
  readonly openedAt: number;
  close(): void;
}

/** Begins to watch the source. */
export function openSite(
  source: Source,
  options: { readonly maxSpanNames: number; readonly spanNames: readonly string[]; readonly token: string | undefined },
): Site {
  const ring = new Ring();
  const samples = new Samples(options.maxSpanNames, options.spanNames);
  const intake = new Intake(ring, samples);
  const readings = new Readings();
  const unwatch = source.watch(intake);

  let isReading = false;
  async function read(): Promise<void> {
    if (isReading) return; // an observer is slow
    isReading = true;
    const metrics = await source.metrics();
    isReading = false;
    readings.add(Date.now(), metrics, source.health());
  }
  const timer = setInterval(() => void read(), READ_EVERY_MS);
  timer.unref();

  return {
    source,
    ring,
    samples,
    intake,
    readings,
    firstSampler: source.sampling.read(),
    token: options.token,
    openedAt: Date.now(),
    close() {
      unwatch();
      clearInterval(timer);
      intake.clear();
      ring.clear();
      samples.clear();
      readings.clear();
    },
  };
}
