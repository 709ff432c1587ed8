import { casesOf, rowsFor, runCase } from '@oc/testkit';
import { describe, test } from 'vitest';
import { writtenCheck } from './grpc-check.ts';

// An exporter that waits for no answer: what gRPC has rows of its own for, and some of the others.
const MORE: ReadonlySet<string> = new Set(['L1', 'L9', 'Q3', 'V1']);

describe.concurrent('an exporter that waits for no answer keeps its promises:', () => {
  const rows = rowsFor(writtenCheck).filter(({ id, transport }) => transport === 'grpc' || MORE.has(id));
  for (const each of rows.flatMap((row) => casesOf(row, writtenCheck))) {
    test(each.title, { timeout: 30_000 }, async (ctx) => {
      if (each.reason !== undefined) ctx.skip(each.reason);
      await runCase(each, writtenCheck);
    });
  }
});
