/** Spans to encode: what every library is given alike in W4. */
export interface Sample {
  readonly name: string;
  readonly parent: { readonly traceId: string; readonly spanId: string };
  readonly link: { readonly traceId: string; readonly spanId: string };
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly events: readonly string[];
}

/** The tags of one time series. */
export interface TagSet {
  readonly method: string;
  readonly route: string;
  readonly status: string;
}

/** The upper bounds of W3's histogram, and the values that are recorded in turn. */
export const BOUNDS: readonly number[] = [5, 10, 25, 50, 75, 100, 250, 500, 750, 1000];

/** Recording: one call of `run` is one operation. */
export interface RecordTask {
  /** Returns a span that nobody else holds: the harness keeps it, so that no compiler can leave it out. */
  run(): unknown;
  /** Flushes and says how many spans the exporter was given in all, so that a library that drops does not win. */
  received(): number | Promise<number>;
}

/** Encoding: `spans` makes finished spans, `encode` makes what would be sent. */
export interface EncodeTask<S> {
  spans(count: number): readonly S[] | Promise<readonly S[]>;
  encode(spans: readonly S[]): string | Uint8Array | Promise<string | Uint8Array>;
}

/** Recording values: one call of `run` records one value under the next of the tag sets. */
export interface StatsTask {
  run(): void;
  /** How many time series there are, so that a library that merges or drops some does not win. */
  series(): number | Promise<number>;
}

/** Rendering: the text that a scrape is answered with, of a histogram with so many series. */
export interface PageTask {
  /** Makes the text and says how many bytes it has. */
  render(): Promise<number>;
}

/** Sending: `run` records a trace of two spans, `done` flushes and closes. */
export interface FloodTask {
  run(): void;
  done(): Promise<unknown>;
}

/** One library: what it can do of this. */
export interface Library {
  sampledTrace?(): RecordTask;
  activeTrace?(): RecordTask;
  unsampledSpan?(): RecordTask;
  zipkinJson?(sample: Sample): EncodeTask<unknown>;
  otlpProtobuf?(sample: Sample): EncodeTask<unknown>;
  otlpJson?(sample: Sample): EncodeTask<unknown>;
  jaegerThrift?(sample: Sample): EncodeTask<unknown>;
  datadogMsgpack?(sample: Sample): EncodeTask<unknown>;
  ocagentJson?(sample: Sample): EncodeTask<unknown>;
  /** A histogram with 10 bounds and 3 tags, of so many tag sets. */
  histogram?(sets: readonly TagSet[]): StatsTask;
  /** The same through a handle for each tag set. */
  boundHistogram?(sets: readonly TagSet[]): StatsTask;
  counter?(sets: readonly TagSet[]): StatsTask;
  histogramPage?(sets: readonly TagSet[]): Promise<PageTask>;
  /** Sends OTLP over HTTP to this origin. */
  flood?(origin: string): FloodTask;
}
