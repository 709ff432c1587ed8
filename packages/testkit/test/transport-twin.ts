import type { ExporterCheck } from '@oc/testkit';

/** A sound exporter over UDP or gRPC, or one that is read, with one promise broken. */
export interface TransportTwin {
  /** What is wrong with it. */
  readonly twin: string;
  /** The rows that have to name it, and no others of its transport. */
  readonly breaks: readonly string[];
  /** Made anew for each run. */
  readonly check: () => ExporterCheck;
}

/** Only the oracles make such items. */
export const isOfOracle = ({ name, id }: { readonly name: string; readonly id: string }): boolean =>
  /^7\d-/.test(name) || /^o7\d$/.test(id);
