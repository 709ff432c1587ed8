import type { ExporterCheck } from '@oc/testkit';
import { pullCheck, SOUND_PULL } from './pull-check.ts';
import { type PullWays, soundPull } from './sound-pull.ts';
import type { TransportTwin } from './transport-twin.ts';

function pull(ways: () => PullWays): () => ExporterCheck {
  return () => {
    const own = ways();
    return { ...pullCheck, make: ({ listen }) => soundPull(listen, own) };
  };
}

/** With `ways`, as text, in programs. */
function pullProgram(ways: string, before = ''): () => ExporterCheck {
  const make = `export const make = ({ listen }) => soundPull(listen, ${ways});`;
  return () => ({ ...pullCheck, program: `${SOUND_PULL}\n${before}\n${make}` });
}

/** Twins of the rows of exporters that are read. */
export const PULL_TWINS: readonly TransportTwin[] = [
  {
    twin: 'throws at a URL that is none',
    breaks: ['P1'],
    check: pullProgram(`{
      respond: (respond) => (request, response) => {
        decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
        return respond(request, response);
      },
    }`),
  },
  {
    twin: 'answers any method',
    breaks: ['P1'],
    check: pullProgram(
      '{ respond: (respond) => ({ url, headers }, response) => respond({ method: "GET", url, headers }, response) }',
    ),
  },
  {
    twin: 'says nothing of a port that is in use',
    breaks: ['P2'],
    check: pull(() => ({ start: (listen) => listen().catch(() => {}) })),
  },
  {
    twin: 'collects for each reader',
    breaks: ['P3'],
    check: pullProgram(`{
      collect: (collect) => {
        let last = Promise.resolve();
        return () => (last = last.then(collect));
      },
    }`),
  },
  {
    twin: 'leaves a listener behind for each reader',
    breaks: ['P1', 'P3'],
    check: pullProgram(`{
      respond: (respond) => (request, response) => {
        process.on('exit', () => response.destroy());
        return respond(request, response);
      },
    }`),
  },
  {
    twin: 'leaves a file open for each reader',
    breaks: ['P3'],
    check: pullProgram(
      `{
        respond: (respond) => (request, response) => {
          kept.push(openSync('/dev/null'));
          return respond(request, response);
        },
      }`,
      "import { openSync } from 'node:fs'; const kept = [];",
    ),
  },
  {
    twin: 'does not answer while a reading is missing',
    breaks: ['P4'],
    check: pull(() => ({
      respond: (respond, source) => (request, response) => {
        if (!source.views().some(({ name }) => name === 'testkit/never')) return respond(request, response);
      },
    })),
  },
  { twin: 'serves any host', breaks: ['P5'], check: pull(() => ({ isOwnHost: () => true })) },
  { twin: 'listens elsewhere by default', breaks: ['P5'], check: pull(() => ({ host: '127.0.0.2' })) },
  {
    twin: 'lets other sites read it',
    breaks: ['P5'],
    check: pull(() => ({ headers: { 'access-control-allow-origin': '*' } })),
  },
  {
    twin: 'writes all in one piece',
    breaks: ['P6'],
    check: pullProgram('{ slice: Infinity }'),
  },
  { twin: 'shows markup as it is', breaks: ['V9'], check: pull(() => ({ escaped: (text) => text })) },
  {
    twin: 'lets scripts run that are inside',
    breaks: ['V9'],
    check: pull(() => ({ headers: { 'content-security-policy': "default-src 'self' 'unsafe-inline'" } })),
  },
  {
    twin: 'takes line breaks out of labels',
    breaks: ['V8-metrics'],
    check: pull(() => ({ line: (line) => line.replaceAll(/\\r|\\n/g, ' ') })),
  },
  {
    twin: 'is held by readers that keep their connections',
    breaks: ['L1'],
    check: pullProgram('{ isHeld: true }'),
  },
  {
    twin: 'keeps its port',
    breaks: ['L9'],
    check: pull(() => ({ close: async () => {} })),
  },
  {
    twin: 'knows only its own core',
    breaks: ['L11'],
    check: pullProgram(
      `{
        respond: (respond, source) => (request, response) => {
          const isOwn = source.sampling.read().constructor === core.alwaysSample().constructor;
          return isOwn ? respond(request, response) : void response.writeHead(500).end();
        },
      }`,
      "import * as core from '@oc/core';",
    ),
  },
  {
    twin: 'needs a file',
    breaks: ['L12'],
    check: pullProgram(
      '{}',
      "import { writeFileSync } from 'node:fs'; writeFileSync(new URL('note.txt', import.meta.url), 'here');",
    ),
  },
  {
    twin: 'reads a file beside its module',
    breaks: ['L12-bundled'],
    check: pullProgram(
      '{}',
      "import { readFileSync } from 'node:fs'; readFileSync(new URL('subject.mjs', import.meta.url));",
    ),
  },
  {
    twin: 'replaces a port that makes no sense',
    breaks: ['Q6'],
    check: pull(() => ({
      options: ({ host, port = 0 } = {}) => ({ host, port: port >= 0 && port < 65_536 && port % 1 === 0 ? port : 0 }),
    })),
  },
];
