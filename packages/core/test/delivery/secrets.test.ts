import { inspect } from 'node:util';
import type { Telemetry } from '@oc/core';
import { type Exporter, type Fetch, httpSender } from '@oc/core/exporter';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../testkit/src/clock.ts';
import {
  type Arrival,
  Backend,
  type Behaviour,
  closedPort,
  endSpans,
  onceEach,
  type Rig,
  rig,
  silence,
  status,
  wire,
} from './wire.ts';

const SECRETS = {
  user: 'user-c1a0f6',
  password: 'pass/word@9d3e7b',
  key: 'querykey-77ab42',
  header: 'headerkey-e55f10',
  bearer: 'bearertoken-3b8d21',
  refreshed: 'refreshed-6c4e90',
} as const;

/** Every form in which a secret could show up. */
const FORMS = [
  ...Object.values(SECRETS).flatMap((secret) => [secret, encodeURIComponent(secret)]),
  Buffer.from(`${SECRETS.user}:${SECRETS.password}`).toString('base64'),
];

function secretUrl(port: number): URL {
  const { user, password, key } = SECRETS;
  return new URL(`http://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/v1/ids?key=${key}`);
}

/** What the backend was sent and told, as an unwise one would put it into its answer. */
function echo({ headers, path }: Arrival): string {
  const [, basic = ''] = (headers.authorization ?? '').split(' ');
  const { user, password } = SECRETS;
  return [
    `not allowed: ${headers['x-api-key']} ${headers['x-token']} for`,
    `${headers.authorization} at ${path} that is ${Buffer.from(basic, 'base64')} or ${user} with ${password}`,
  ].join(' ');
}

const answersWithEcho =
  (code: number, headers?: Readonly<Record<string, string>>): Behaviour =>
  (arrival) =>
    arrival.answer(code, headers, echo(arrival));

const FAILURES: readonly (readonly [string, Behaviour])[] = [
  ...[400, 401, 403, 404, 407, 413, 429, 500, 503].map(
    (code) => [`a ${code} that echoes what it was sent`, answersWithEcho(code)] as const,
  ),
  ['a login page', (arrival) => arrival.response.writeHead(200, { 'content-type': 'text/html' }).end(echo(arrival))],
  [
    'a redirect that carries everything',
    (arrival) => {
      const { user, password, key } = SECRETS;
      const location = `http://${user}:${encodeURIComponent(password)}@127.0.0.1:1/next?key=${key}#${SECRETS.header}`;
      arrival.answer(307, { location }, echo(arrival));
    },
  ],
  ['a redirect to nowhere', status(302, { location: `http://[${SECRETS.key}` })],
  ['a reset', ({ socket }) => socket.resetAndDestroy()],
  ['an end without an answer', ({ socket }) => socket.end()],
  ['silence', silence],
  [
    'a 200 that breaks off',
    (arrival) => {
      arrival.take();
      arrival.response.writeHead(200, { 'content-length': '1000' }).write(echo(arrival));
      setTimeout(() => arrival.socket.destroy(), 20);
    },
  ],
  ['a head that is no HTTP', (arrival) => arrival.socket.end(`HTTP/1.1 ${SECRETS.key} ${echo(arrival)}\r\n\r\n`)],
];

/** All that can be reached from the thing, not only what prints: causes, members that are not enumerable, stacks. */
function textOf(thing: unknown, seen: Set<unknown> = new Set()): string {
  if (typeof thing === 'string') return thing;
  if ((typeof thing !== 'object' && typeof thing !== 'function') || thing === null || seen.has(thing)) return '';
  seen.add(thing);
  const parts = [inspect(thing, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true })];
  for (let level: object | null = thing; level && level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    for (const name of Reflect.ownKeys(level)) {
      const { value } = Object.getOwnPropertyDescriptor(level, name) ?? {};
      parts.push(String(name), textOf(value, seen));
    }
  }
  return parts.join('\n');
}

function expectNoSecret(things: Readonly<Record<string, unknown>>): void {
  for (const [what, thing] of Object.entries(things)) {
    const text = textOf(thing);
    expect([what, FORMS.filter((form) => text.includes(form))]).toEqual([what, []]);
  }
}

/** Headers that carry tokens, and one that comes with each request. */
const KEYS = {
  headers: { 'x-api-key': SECRETS.header, 'x-auth': `Bearer ${SECRETS.bearer}` },
  more: { 'x-token': SECRETS.refreshed },
};

function lookEverywhere({ oc, problems }: Rig, exporter: Exporter): void {
  expectNoSecret({
    messages: problems.map(({ message }) => message),
    problems,
    health: oc.health(),
    exporter,
    telemetry: oc as Telemetry,
    tracer: oc.tracer,
    stats: oc.stats,
  });
}

async function failWith(behave: Behaviour | undefined, fetch?: Fetch): Promise<void> {
  const clock = new ManualClock();
  const backend = behave && (await Backend.open(behave));
  const exporter = wire(secretUrl(backend?.port ?? (await closedPort())), { ...KEYS, clock, ...(fetch && { fetch }) });
  // A call that is met with silence ends only when time passes.
  const busy = (): boolean => exporter.running > 0 && !(behave === silence && backend?.arrivals.length);
  const made = rig([exporter], { clock });
  endSpans(made.oc, 2);
  const drained = await clock.settle(made.oc.flush({ withinMs: 20_000 }), busy);
  if (backend) expect(backend.arrivals[0]?.headers['x-api-key']).toBe(SECRETS.header);
  const closed = await clock.settle(made.oc.shutdown(), busy);
  lookEverywhere(made, exporter);
  expectNoSecret({ drained, closed });
}

test.each(FAILURES)('%s shows no secret anywhere', (_, behave) => failWith(behave));

test('a refused connection shows no secret anywhere', () => failWith(undefined));

test.each(FAILURES)("with the runtime's own fetch %s shows no secret anywhere", (_, behave) =>
  failWith(behave, globalThis.fetch as unknown as Fetch),
);

test("with the runtime's own fetch a refused connection shows no secret anywhere", () =>
  failWith(undefined, globalThis.fetch as unknown as Fetch));

test('credentials of the URL are sent as Basic authorization, decoded, and not in the path', async () => {
  const backend = await Backend.open();
  const { oc } = rig([wire(secretUrl(backend.port), KEYS)]);
  const names = endSpans(oc, 2);
  await oc.flush();
  expect(backend.took).toEqual(onceEach(names));
  const { user, password, key, header, bearer, refreshed } = SECRETS;
  expect(backend.arrivals[0]).toMatchObject({
    path: `/v1/ids?key=${key}`,
    headers: {
      authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
      'x-api-key': header,
      'x-auth': `Bearer ${bearer}`,
      'x-token': refreshed,
      host: `127.0.0.1:${backend.port}`,
    },
  });
});

test.each(['100%', 'a%zz', '%', 'p%40ss'])('the password %s of a URL is sent', async (password) => {
  const backend = await Backend.open();
  const exporter = wire(new URL(`http://user:${password}@127.0.0.1:${backend.port}/`));
  const { oc } = rig([exporter]);
  endSpans(oc, 1);
  await oc.flush();
  const sent = password === 'p%40ss' ? 'p@ss' : password;
  expect(backend.arrivals[0]?.headers.authorization).toBe(`Basic ${Buffer.from(`user:${sent}`).toString('base64')}`);
});

test('an error of an exporter keeps its cause for onError, and the line shows its message only', async () => {
  const cause = new Error(`the key is ${SECRETS.key}`);
  const exporter: Exporter = {
    name: 'odd',
    exportSpans: () => Promise.reject(new Error('odd: no', { cause })),
  };
  const { oc, problems } = rig([exporter]);
  endSpans(oc, 1);
  await oc.flush();
  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^odd: 1 spans? dropped \(exporter-error\): odd: no$/),
  ]);
  expectNoSecret({ health: oc.health() });
});

test('a sender shows no secret when it is inspected', async () => {
  const sender = httpSender({
    exporter: 'odd',
    url: secretUrl(1),
    headers: KEYS.headers,
    load: async () => globalThis.fetch,
  });
  expectNoSecret({ sender });
});
