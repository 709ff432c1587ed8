import { type DatagramSender, deltas, ExportError, type ExportFailure } from '@oc/core/exporter';
import { expect, it } from 'vitest';
import { sendLines, unsentOf } from '../src/dogstatsd.ts';
import { metricNames, rowsOf } from '../src/points.ts';
import { call, counted, latency } from './samples.ts';

const bounds = Array.from({ length: 60 }, (_, i) => i + 1);

/** Takes datagrams as it is told: one failure, or none, each. */
function taking(...failures: readonly (ExportFailure | undefined)[]): DatagramSender & { readonly taken: string[] } {
  const left = [...failures];
  const taken: string[] = [];
  return {
    taken,
    async send(datagram) {
      const failure = left.shift();
      if (failure) throw new ExportError(failure, `datadog: ${failure}`);
      taken.push(`${datagram}`);
    },
    close() {},
  };
}

it('a row too long for one datagram, of which a part has left, is unconfirmed; rows that have not left come again', async () => {
  const long = { ...latency(Array<number>(61).fill(1), 100), bounds };
  const metrics = [counted('first', 1), long, counted('last', 1)];
  const added = deltas();
  const { metrics: since, commit } = added(metrics);
  const rows = rowsOf(since, new Map(), metricNames(''), call());
  const sender = taking(undefined, undefined, 'unavailable');
  const error = await sendLines(rows, '', 1_432, sender, call()).then(
    () => undefined,
    (reason: AggregateError) => reason,
  );

  const of = metrics.map(({ timeSeries }) => [...timeSeries][0]);
  expect(error?.errors.map(({ failure, items }: ExportError) => [failure, items])).toEqual([
    ['unconfirmed', [of[1]]],
    ['unavailable', [of[2]]],
  ]);
  expect(sender.taken.length).toBe(2); // the first row, and the beginning of the second

  commit(unsentOf(error));
  expect(added(metrics).metrics.map(({ name }) => name)).toEqual(['last']);
});

it('a line that is too large for a datagram fails alone', async () => {
  const metrics = [counted('first', 1), counted('last', 1)];
  const rows = rowsOf(deltas()(metrics).metrics, new Map(), metricNames(''), call());
  const sender = taking('too-large', undefined);
  const error = await sendLines(rows, '', 10, sender, call()).then(
    () => undefined,
    (reason: ExportError) => reason,
  );
  expect([error?.failure, error?.items]).toEqual(['too-large', [...(metrics[0]?.timeSeries ?? [])]]);
  expect(sender.taken).toEqual(['last:1|c|#method:GET']);
});
