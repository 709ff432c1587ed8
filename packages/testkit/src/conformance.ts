import type { Telemetry, TelemetryOptions } from '@oc/core';
import type { Exporter } from '@oc/core/exporter';
import { describe, test } from 'vitest';
import type { HttpReceiver, Signal, StreamReceiver } from './receiver.ts';
import { casesOf, runCase } from './row.ts';
import { ROWS } from './rows.ts';

/** Where an exporter is to send. What it cannot take of this, it leaves. */
export interface Target {
  /** An origin: 'http://127.0.0.1:41234'. Of an HTTP exporter. */
  readonly url?: string | undefined;
  /** A key, a token: whatever must be shown to nobody but the backend. */
  readonly secret?: string | undefined;
  /** An agent of `node:http` or `node:https`. */
  readonly agent?: object | undefined;
  /** Of an exporter that writes to a stream. */
  readonly stream?: NodeJS.WritableStream | undefined;
}

/** An exporter, and how to tell what it did. */
export interface ExporterCheck {
  /** The exporter's own name. */
  readonly name: string;
  /** Makes the exporter for a target; throws its ConfigError for one that makes no sense. */
  make(target: Target): Exporter;
  /** The same for child processes: the text of a module that exports `make`, importing the built package by its name. */
  readonly program: string;
  readonly signals: readonly Signal[];
  /** How its backend answers, and how items are read back out of what it was sent. */
  readonly receiver: HttpReceiver | StreamReceiver;
  /** What `make` uses of a target beside the address. Default: nothing. */
  readonly takes?: readonly ('secret' | 'agent')[] | undefined;
  /** The exporter's environment variables that can be wrong, each with a wrong value. Default: none. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Rows that have no meaning for this exporter although its transport has them, by id, with the reason. */
  readonly except?: Readonly<Record<string, string>> | undefined;
  /** In place of core's, to check the suite itself. */
  readonly telemetry?: ((options: TelemetryOptions) => Telemetry) | undefined;
}

/**
 * Makes a test of each row of the fault list, named by its id; those that do not apply are skipped with the reason.
 * To be called in a test file, once an exporter.
 */
export function checkExporter(check: ExporterCheck): void {
  describe.concurrent(`${check.name} keeps its promises:`, () => {
    for (const row of ROWS) {
      for (const each of casesOf(row, check)) {
        const run = row.isHeavy ? test.sequential : test;
        run(each.title, { timeout: 30_000 }, async (ctx) => {
          if (each.reason !== undefined) ctx.skip(each.reason);
          await runCase(each, check);
        });
      }
    }
  });
}
