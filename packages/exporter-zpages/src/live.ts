import type { ServerResponse } from 'node:http';
import { HEADERS } from './gate.ts';

/** Least time between two updates of a page. */
const EVERY_MS = 1_000;
/** An update may take this part of the time at most: what is costly comes less often. */
const PART_OF_TIME = 20;
const MOST_READERS = 20;

/** Pages that are open and want to hear what changes, by server-sent events. */
export interface Live {
  /** Sends a page's body whenever it has changed, until the reader goes. False when there are too many readers. */
  follow(response: ServerResponse, render: () => Promise<string>): boolean;
  close(): void;
}

/** Makes a Live. Nothing runs while nobody reads. */
export function openLive(): Live {
  const readers = new Set<ServerResponse>();
  return {
    follow(response, render) {
      if (readers.size >= MOST_READERS) return false;
      readers.add(response);
      response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream; charset=utf-8' });
      response.write('retry: 2000\n\n');
      let timer: NodeJS.Timeout | undefined;
      let last = '';
      const next = async (): Promise<void> => {
        const started = performance.now();
        let body = last;
        try {
          body = await render();
        } catch {
          // The page stays as it is; the next update may be made again.
        }
        if (!readers.has(response)) return;
        // Who does not read gets nothing new until what was sent has arrived.
        if (body !== last && !response.writableNeedDrain) {
          last = body;
          response.write(`data: ${body.replace(/\r\n?|\n/g, '\ndata: ')}\n\n`);
        }
        const took = performance.now() - started;
        timer = setTimeout(next, Math.max(EVERY_MS, took * PART_OF_TIME)).unref();
      };
      response.once('close', () => {
        readers.delete(response);
        clearTimeout(timer);
      });
      void next();
      return true;
    },
    close() {
      for (const response of readers) response.end();
      readers.clear();
    },
  };
}
