import type { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ExportError, type ExportFailure, type SpanData, type TimeSeries } from '@oc/core/exporter';
import { safeJson } from './line.ts';

/** An item and its line, which is made when its turn comes. */
export interface Line {
  readonly item: SpanData | TimeSeries;
  text(): string;
}

const CHUNK_CHARACTERS = 64 * 1024;

/**
 * Writes lines to a stream that is not ours: never ends it, and puts at most one chunk of whole lines into its buffer at
 * a time, whoever calls. The calls take turns, so a stream that nobody reads costs 64 Ki characters and one listener.
 * Resolves when the stream has passed on all lines; `title` names the stream in errors.
 */
export function lineWriter(
  stream: Writable,
  title: string,
): (lines: readonly Line[], signal: AbortSignal) => Promise<void> {
  let passing: Promise<Error | undefined> | undefined; // the chunk that is in the stream

  return async (lines, signal) => {
    for (let from = 0, to = 0; from < lines.length; from = to) {
      const failed = (failure: ExportFailure, fact: string, first: number, end?: number, cause?: Error): ExportError =>
        new ExportError(failure, `console: writing to ${title} ${fact}`, {
          items: lines.slice(first, end).map(({ item }) => item),
          cause,
        });
      const late = 'it takes no more, and the time is up';

      if (from > 0) await nextTurn(); // many lines to a fast stream must not keep others waiting
      while (passing) {
        if ((await settled(passing, signal)) === 'aborted') throw failed('unavailable', `failed: ${late}`, from);
      }
      if (signal.aborted) throw failed('unavailable', `failed: ${late}`, from);
      if (!stream.writable) throw failed('rejected', 'failed: it is closed', from);

      let chunk = '';
      while (to < lines.length && chunk.length < CHUNK_CHARACTERS) chunk += `${lines[to++]?.text()}\n`;
      passing = pass(stream, chunk).finally(() => {
        passing = undefined;
      });
      const outcome = await settled(passing, signal);

      if (outcome === 'aborted') {
        // The chunk cannot be taken back out of the stream: to send it again could show its lines twice.
        const maybe = failed('unconfirmed', `is not confirmed: ${late}`, from, to);
        throw to < lines.length
          ? new AggregateError([maybe, failed('unavailable', `failed: ${late}`, to)], maybe.message)
          : maybe;
      }
      if (outcome instanceof Error) {
        // Who read a pipe does not come back. After any other error the next attempt asks the stream anew.
        const failure = 'code' in outcome && outcome.code === 'EPIPE' ? 'rejected' : 'unavailable';
        throw failed(failure, `failed: ${safeJson(outcome.message).slice(1, -1)}`, from, undefined, outcome);
      }
    }
  };
}

/**
 * Gives one chunk to the stream and waits until it is passed on. The callback of `write` is used and not 'drain': it
 * comes even when the chunk fits into the buffer, so that lines are counted as delivered only when they are out.
 */
function pass(stream: Writable, chunk: string): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const settle = (error?: Error | null): void => {
      stream.off('close', onClose);
      // After a failed write the 'error' event is still to come, and would end the process if nobody heard it.
      if (!error || stream.closed) stream.off('error', settle);
      resolve(error ?? undefined);
    };
    const onClose = (): void => settle(new Error('it was closed'));
    stream.once('error', settle);
    stream.once('close', onClose);
    try {
      stream.write(chunk, 'utf8', settle);
    } catch (error) {
      stream.off('error', settle);
      settle(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

/** What a promise resolves to, or 'aborted' when the signal comes first. The promise must not reject. */
function settled<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | 'aborted'> {
  return new Promise((resolve) => {
    const stop = (): void => resolve('aborted');
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then((value) => {
      signal.removeEventListener('abort', stop);
      resolve(value);
    });
  });
}
