/** Spans to encode: what every library is given alike in W4. */
export interface Sample {
  readonly name: string;
  readonly parent: { readonly traceId: string; readonly spanId: string };
  readonly link: { readonly traceId: string; readonly spanId: string };
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly events: readonly string[];
}

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

/** One library: what it can do of this. */
export interface Library {
  sampledTrace?(): RecordTask;
  activeTrace?(): RecordTask;
  unsampledSpan?(): RecordTask;
  zipkinJson?(sample: Sample): EncodeTask<unknown>;
}
