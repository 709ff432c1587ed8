import type { Telemetry, TelemetryOptions } from '@oc/core';
import type { Exporter, TlsFiles } from '@oc/core/exporter';
import { describe, test } from 'vitest';
import type { Receiver, Signal } from './receiver.ts';
import { type Case, casesOf, runCase } from './row.ts';
import { rowsFor } from './rows.ts';

/** Where an exporter is to send. What it cannot take of this, it leaves. */
export interface Target {
  /** An origin: 'http://127.0.0.1:41234'. Of an exporter over HTTP or gRPC. */
  readonly url?: string | undefined;
  /** A key, a token: whatever must be shown to nobody but the backend. */
  readonly secret?: string | undefined;
  /** An agent of `node:http` or `node:https`. */
  readonly agent?: object | undefined;
  /** Paths of PEM files: whom to trust in place of Node's own list, and what to prove its own identity with. */
  readonly tls?: TlsFiles | undefined;
  /** Where datagrams go. Of an exporter over UDP. */
  readonly udp?: { readonly host: string; readonly port: number } | undefined;
  /** Where to listen, with port 0 for any; without a host at the exporter's default. Of an exporter that is read. */
  readonly listen?: { readonly host?: string | undefined; readonly port: number } | undefined;
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
  /** What it takes; of an exporter that is read: what `receiver.items` reads. */
  readonly signals: readonly Signal[];
  /** How its backend answers, and how items are read back out of what it was sent. */
  readonly receiver: Receiver;
  /** What `make` uses of a target beside the address. Default: nothing. */
  readonly takes?: readonly ('secret' | 'agent' | 'tls')[] | undefined;
  /** The exporter's environment variables that can be wrong, each with a wrong value. Default: none. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Rows that have no meaning for this exporter although its transport has them, by id, with the reason. */
  readonly except?: Readonly<Record<string, string>> | undefined;
  /** In place of core's, to check the suite itself. */
  readonly telemetry?: ((options: TelemetryOptions) => Telemetry) | undefined;
}

/** Rows that do not apply, each with its reason, those of one reason together: 'N8, B13 (it takes minutes); P1 (...)'. */
function listed(cases: readonly Case[]): string {
  const ids = new Map<string, Set<string>>();
  for (const { row, reason = '' } of cases) ids.set(reason, (ids.get(reason) ?? new Set()).add(row.id));
  return [...ids].map(([reason, rows]) => `${[...rows].join(', ')} (${reason})`).join('; ');
}

/**
 * Makes a test of each row of the fault list, named by its id, and one that is skipped and lists the rows that do not apply
 * with their reasons. To be called in a test file, once an exporter.
 */
export function checkExporter(check: ExporterCheck): void {
  describe.concurrent(`${check.name} keeps its promises:`, () => {
    const cases = rowsFor(check).flatMap((row) => casesOf(row, check));
    for (const each of cases.filter(({ reason }) => reason === undefined)) {
      const run = each.row.isHeavy ? test.sequential : test;
      run(each.title, { timeout: 30_000 }, () => runCase(each, check));
    }
    const others = cases.filter(({ reason }) => reason !== undefined);
    test(`rows that do not apply: ${listed(others)}`, (ctx) => ctx.skip('each for the reason in brackets'));
  });
}
