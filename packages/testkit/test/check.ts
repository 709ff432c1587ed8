import { readFileSync } from 'node:fs';
import type { ExporterCheck, Item, ReceivedRequest } from '@oc/testkit';
import ts from 'typescript';
import { sound } from './sound.ts';

/** The sound exporter's module as children run it. */
export const SOUND: string = ts.transpile(readFileSync(new URL('sound.ts', import.meta.url), 'utf8'), {
  module: ts.ModuleKind.ESNext,
  target: ts.ScriptTarget.ES2023,
});

/** What the sound exporter sends. */
function bodyOf({ body }: ReceivedRequest): { readonly service: string; readonly items: readonly Item[] } {
  return JSON.parse(`${body}`);
}

/** How the sound exporter is checked. */
export const check: ExporterCheck = {
  name: 'sound',
  signals: ['spans', 'metrics'],
  takes: ['secret', 'agent'],
  make: (target) => sound({ url: target.url, secret: target.secret, agent: target.agent }),
  program: `${SOUND}\nexport const make = ({ url }) => sound({ url });`,
  environment: { SOUND_URL: 'localhost:4999', SOUND_SECRET: 'line\nbreak' },
  receiver: {
    transport: 'http',
    accepted: { status: 200, body: '{}' },
    poisoned: { status: 400 },
    partial: ({ rejected, retryable }) => {
      const failed = [
        { failure: 'rejected', ids: rejected.map(({ id }) => id) },
        { failure: 'unavailable', ids: retryable.map(({ id }) => id) },
      ].filter(({ ids }) => ids.length > 0);
      return { status: 200, body: JSON.stringify({ failed }) };
    },
    items: (request) => bodyOf(request).items,
    request: { method: 'POST', path: '/', contentType: 'application/json' },
    service: (request) => bodyOf(request).service,
  },
};
