import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { certificates, testAuthority } from '../certificates.ts';
import { holds, same } from '../claim.ts';
import type { HttpBackend, Lab } from '../lab.ts';
import { socketsTo } from '../probe.ts';
import { needing, overHttp, type Row, taking } from '../row.ts';
import { openBlackHole } from '../servers/blackhole.ts';
import { bytesOf, reset } from '../servers/http.ts';
import type { Subject } from '../subject.ts';

const ATTEMPT_MS = 400;
/** What an exporter may take to notice that its time is up, on a machine that is busy. */
const SLACK_MS = 1_000;

/** Claims that a call was ended by its deadline and that core will try again. */
async function endsAtDeadline(lab: Lab, subject: Subject): Promise<void> {
  await lab.until('the call ends at its deadline', () => subject.calls[0]?.endedAt !== undefined);
  const { at = 0, endedAt = 0, outcome } = subject.calls[0] ?? {};
  const took = endedAt - at;
  holds(`the call takes ${ATTEMPT_MS} ms`, took > ATTEMPT_MS - 50 && took < ATTEMPT_MS + SLACK_MS, took);
  same('the call failed as', outcome, lab.isOnce && outcome === 'unconfirmed' ? 'unconfirmed' : 'unavailable');
}

/** Opens a healthy backend and another exporter of the same kind that sends there. Returns the claim that all is well with it. */
async function neighbour(lab: Lab): Promise<() => Promise<void>> {
  const backend = await lab.backend();
  const subject = lab.open(backend);
  const ids = subject.send(3);
  return async () => {
    await lab.until('another exporter delivers meanwhile', () => ids.every((id) => backend.took.has(id)));
  };
}

/** What is claimed of a lost request: sent again, or, where it must not be, counted. */
async function arrivesOrIsUnconfirmed(
  lab: Lab,
  subject: Subject,
  backend: HttpBackend,
  ids: readonly string[],
): Promise<void> {
  await lab.settled(subject);
  if (lab.isOnce) lab.accountIs(subject, 0, { unconfirmed: ids.length });
  else {
    lab.accountIs(subject, ids.length);
    lab.tookOnce(backend, ids);
  }
}

/** Answers of a name server that does as it is told, one a question. */
function scriptedLookup(answers: readonly (Error | readonly { address: string; family: number }[])[]): LookupFunction {
  let count = 0;
  return (_, options, callback) => {
    const answer = answers[Math.min(count++, answers.length - 1)] ?? [];
    setImmediate(() => {
      if (answer instanceof Error) callback(answer, []);
      else if (options.all) callback(null, [...answer]);
      else callback(null, answer[0]?.address ?? '', answer[0]?.family ?? 4);
    });
  };
}

const V4 = { address: '127.0.0.1', family: 4 };
const V6 = { address: '::1', family: 6 };

function lookupError(code: string): Error {
  return Object.assign(new Error(`getaddrinfo ${code} telemetry.test`), { code, syscall: 'getaddrinfo' });
}

/** Of a program: sends to each target and says what came of it. */
const EACH_TARGET = `
for (const [kind, on] of Object.entries(targets)) {
  const problems = [];
  const oc = open({ on, onError: ({ message }) => problems.push(message) });
  record(oc, 2);
  await oc.flush({ withinMs: 4_000 });
  const { state, delivered } = figures(oc);
  await oc.flush({ withinMs: 1_000 });
  say([kind, { state, delivered, problems }]);
  await oc.shutdown({ withinMs: 50 });
}
`;

interface Said {
  readonly state: string;
  readonly delivered: number;
  readonly problems: readonly string[];
}

/** Runs a program that trusts the test's authority against TLS servers; gives what came of each, and what each took. */
async function underTls(
  lab: Lab,
  servers: Readonly<Record<string, TlsOptions | undefined>>,
): Promise<Readonly<Record<string, Said & { readonly took: number }>>> {
  const backends: Record<string, HttpBackend> = {};
  for (const [kind, tls] of Object.entries(servers)) backends[kind] = await lab.http(tls ? { tls } : {});
  const targets = Object.fromEntries(
    Object.entries(backends).map(([kind, { server }]) => [kind, { url: `https://127.0.0.1:${server.tcp.port}` }]),
  );
  const outcome = await lab.run(
    `import { writeFileSync } from 'node:fs';
     import tls from 'node:tls';
     ${EACH_TARGET}`,
    { targets, env: { NODE_EXTRA_CA_CERTS: lab.file('authority.pem', testAuthority) } },
  );
  same('the program ends as it should', { code: outcome.code, stderr: outcome.stderr }, { code: 0, stderr: '' });
  return Object.fromEntries(
    (outcome.said as [string, Said][]).map(([kind, said]) => [
      kind,
      { ...said, took: backends[kind]?.took.size ?? 0, requests: backends[kind]?.server.arrivals.length ?? 0 },
    ]),
  );
}

/** Claims that nothing went over an unsafe connection, that it is tried again slowly, and that one line says so. */
function failsClosed(kind: string, said: (Said & { readonly took: number }) | undefined, why: RegExp): void {
  const { state, delivered, took, problems = [] } = said ?? {};
  same(`with ${kind} nothing is sent`, { delivered, took }, { delivered: 0, took: 0 });
  same(`with ${kind} the signal is tried again slowly`, state, 'paused');
  same(`with ${kind} one line says so`, problems.length, 1);
  holds(`with ${kind} that line says why`, why.test(problems[0] ?? ''), problems);
}

const KEY_AND_CERT = { key: certificates.good.key, cert: certificates.good.cert };

export const NETWORK: readonly Row[] = [
  {
    id: 'N1',
    title: 'connection refused for 20 s, then up: all accepted items arrive, with few attempts between',
    signals: 'each',
    applies: needing(overHttp),
    async run(lab) {
      const clock = lab.stopTime();
      const backend = await lab.http();
      await backend.server.tcp.close();
      const subject = lab.open(backend);
      const ids = subject.send(5);
      await lab.pass(20_000);
      lab.accountIs(subject, 0);
      const starts = subject.calls.map(({ at }) => at);
      const waits = starts.slice(1).map((at, i) => at - (subject.calls[i]?.endedAt ?? 0));
      holds('it is tried again, at most 80 times in 20 s', starts.length >= 4 && starts.length <= 80, starts.length);
      holds(
        'no attempt follows another within 250 ms',
        waits.every((ms) => ms >= 250),
        waits,
      );
      holds('nothing is busy between attempts', clock.timersSet <= 20 + 10 * starts.length, clock.timersSet);
      await backend.server.tcp.listen();
      await lab.settled(subject);
      lab.accountIs(subject, ids.length);
      lab.tookOnce(backend, ids);
    },
  },
  {
    id: 'N2',
    title: 'reset after the head, amid the body: sent again; after the head of a 2xx answer: not sent again',
    signals: 'each',
    applies: needing(overHttp),
    async run(lab) {
      lab.stopTime();
      for (const at of ['head', 'middle'] as const) {
        const backend = await lab.http();
        backend.server.next({ at, act: reset.act });
        const subject = lab.open(backend);
        const ids = subject.send(40, { padding: 8_000 });
        await arrivesOrIsUnconfirmed(lab, subject, backend, ids);
      }
      const backend = await lab.http();
      backend.server.next({
        act(arrival) {
          arrival.take();
          arrival.write(bytesOf({ ...lab.receiver.accepted, status: 200, body: 'x'.repeat(100) }).subarray(0, -50));
          setTimeout(() => arrival.reset(), 50); // when the client has read the head
        },
      });
      const subject = lab.open(backend);
      const ids = subject.send(5);
      await lab.settled(subject);
      lab.accountIs(subject, ids.length);
      lab.tookOnce(backend, ids);
      same('requests', backend.server.arrivals.length, 1);
    },
  },
  {
    id: 'N3',
    title: 'no answer to connect: the attempt ends at its deadline, its socket is gone, others are unaffected',
    signals: 'each',
    applies: needing(overHttp),
    async run(lab) {
      const hole = await openBlackHole();
      lab.onEnd(() => hole.close());
      const isWell = await neighbour(lab);
      const subject = lab.open({ url: `http://127.0.0.1:${hole.port}` }, { delivery: { attemptMs: ATTEMPT_MS } });
      subject.send(3);
      await isWell();
      await endsAtDeadline(lab, subject);
      same(
        'sockets that still try to connect',
        (socketsTo(hole.port) ?? []).filter((state) => state === 'connecting'),
        [],
      );
      same('losses', subject.account().dropped, {});
    },
  },
  {
    id: 'N4',
    title: 'the backend accepts and says nothing: the attempt ends at its deadline, others are unaffected',
    signals: 'each',
    applies: () => true,
    async run(lab) {
      const backend = await lab.backend();
      backend.stall();
      const isWell = await neighbour(lab);
      const subject = lab.open(backend, { delivery: { attemptMs: ATTEMPT_MS } });
      const ids = subject.send(3);
      await isWell();
      await lab.until('the call ends at its deadline', () => subject.calls[0]?.endedAt !== undefined);
      const { at = 0, endedAt = 0, outcome } = subject.calls[0] ?? {};
      holds(`the call takes ${ATTEMPT_MS} ms`, Math.abs(endedAt - at - ATTEMPT_MS) < SLACK_MS, endedAt - at);
      backend.accept();
      await lab.settled(subject);
      // Where what is on its way cannot be taken back it is counted, else sent again.
      const isUnconfirmed = outcome === 'unconfirmed';
      holds(
        'the call failed as what core tries again',
        outcome === 'unavailable' || lab.isOnce || !('server' in backend),
        outcome,
      );
      if (isUnconfirmed) lab.accountIs(subject, 0, { unconfirmed: ids.length });
      else lab.accountIs(subject, ids.length);
      if ('server' in backend) {
        const { arrivals } = (backend as HttpBackend).server;
        await lab.until('the socket of the first attempt is gone', () => arrivals[0]?.socket.destroyed === true);
      }
    },
  },
  {
    id: 'N5',
    title: 'an answer that drips: one deadline for all of it; with a 2xx head it counts as taken',
    signals: 'each',
    applies: needing(overHttp),
    async run(lab) {
      const drip = async (
        arrival: { socket: { destroyed: boolean }; write(bytes: string): void },
        text: string,
      ): Promise<void> => {
        for (const character of text) {
          if (arrival.socket.destroyed) return;
          arrival.write(character);
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      };
      const head = bytesOf({ ...lab.receiver.accepted, status: 200, body: 'x'.repeat(1_000) })
        .subarray(0, -1_000)
        .toString('latin1');
      const ofHead = await lab.http();
      ofHead.server.next({ act: (arrival) => void drip(arrival, head) });
      const first = lab.open(ofHead, { delivery: { attemptMs: ATTEMPT_MS } });
      const firstIds = first.send(3);

      const ofBody = await lab.http();
      ofBody.server.next({
        act(arrival) {
          arrival.take();
          arrival.write(head);
          void drip(arrival, 'x'.repeat(1_000));
        },
      });
      const second = lab.open(ofBody, { delivery: { attemptMs: 2 * ATTEMPT_MS } });
      const secondIds = second.send(3);

      await endsAtDeadline(lab, first);
      await arrivesOrIsUnconfirmed(lab, first, ofHead, firstIds);
      await lab.settled(second);
      const [{ at, endedAt = 0 } = { at: 0 }] = second.calls;
      holds('a dripping body does not outlast the deadline', endedAt - at < 2 * ATTEMPT_MS + SLACK_MS, endedAt - at);
      lab.accountIs(second, secondIds.length);
      lab.tookOnce(ofBody, secondIds);
    },
  },
  {
    id: 'N6',
    title: 'the backend reads no byte of the request: the deadline fires, memory stays bounded',
    signals: 'each',
    inChildren: true,
    applies: needing(overHttp),
    async run(lab) {
      const backend = await lab.http();
      backend.server.behave = { at: 'head', act: ({ socket }) => void socket.pause() };
      const { code, stderr, said } = await lab.run(
        `import v8 from 'node:v8';
         const held = () => { gc(); const { heapUsed, external } = process.memoryUsage(); return heapUsed + external; };
         const oc = open({ onError() {}, delivery: { attemptMs: 80, batchItems: 50, batchDelayMs: 1, maxInFlight: 1 } });
         record(oc, signal === 'spans' ? 1_000 : 50, 's', 8_000);
         const attempts = async (count) => { for (let at = 0; at < count; at++) await oc.flush({ withinMs: 120 }); };
         await attempts(3);
         const before = held();
         await attempts(24);
         say({ grown: held() - before, ...figures(oc) });
         await oc.shutdown({ withinMs: 20 });`,
        { target: backend.target, flags: ['--expose-gc'] },
      );
      same('the program ends as it should', { code, stderr }, { code: 0, stderr: '' });
      const { grown, delivered } = said[0] as { grown: number; delivered: number };
      if (!lab.isOnce) same('delivered', delivered, 0);
      const { length } = backend.server.arrivals;
      holds('the deadline fires, and it is tried again', lab.isOnce || length >= 5, length);
      holds('24 more attempts, each of 0.4 MB, hold no more than some of them', grown < 4_000_000, grown);
    },
  },
  {
    id: 'N7',
    title: 'a kept-alive socket that the backend has dropped: sent again over a fresh one, delivered once',
    signals: 'each',
    applies: needing(overHttp),
    async run(lab) {
      lab.stopTime();
      const backend = await lab.http();
      const subject = lab.open(backend);
      const first = subject.send(2, { prefix: 'a' });
      await lab.settled(subject);
      const [{ socket } = { socket: undefined }] = backend.server.arrivals;
      // What comes over the socket of the first request meets an end, as when both sides act at the same time.
      backend.server.next({
        at: 'head',
        act: ({ socket: used }) => void (used === socket ? used.destroy() : undefined),
      });
      const second = subject.send(2, { prefix: 'b' });
      await lab.settled(subject);
      const { accepted, dropped } = subject.account();
      if (lab.isOnce) {
        // A collection has the rows of the first one too.
        const lost = dropped.unconfirmed ?? 0;
        holds('the call whose answer was lost is not sent again', lost >= second.length, dropped);
        lab.accountIs(subject, accepted - lost, { unconfirmed: lost });
      } else {
        lab.accountIs(subject, accepted);
        same(
          'the second pair has arrived',
          second.filter((id) => !backend.took.has(id)),
          [],
        );
      }
      if (lab.signal === 'spans') lab.tookOnce(backend, [...first, ...second]);
    },
  },
  {
    id: 'N9',
    title: 'names: not found, found later, an address that changes, one family that is broken',
    signals: 'first',
    applies: needing(overHttp, taking('agent')),
    async run(lab) {
      lab.stopTime();
      const backend = await lab.http();
      const { port } = backend.server.tcp;
      const lookup = scriptedLookup([lookupError('ENOTFOUND'), lookupError('EAI_AGAIN'), [V6, V4]]);
      const agent = new Agent({ keepAlive: true, lookup });
      lab.onEnd(() => agent.destroy());
      const url = `http://telemetry.test:${port}`;
      const subject = lab.open({ url, agent });
      const ids = subject.send(3);
      await lab.settled(subject);
      same(
        'attempts',
        subject.calls.map(({ outcome }) => outcome),
        ['unavailable', 'unavailable', 'ok'],
      );
      lab.accountIs(subject, ids.length);
      lab.tookOnce(backend, ids);

      // The backend moves to another address; its old sockets end.
      await backend.server.tcp.close();
      const moved = await lab.http({ host: await elsewhere(), port });
      const there = { address: moved.server.tcp.host, family: moved.server.tcp.host.includes(':') ? 6 : 4 };
      const agentOfMoved = new Agent({ keepAlive: true, lookup: scriptedLookup([[V4], [there]]) });
      lab.onEnd(() => agentOfMoved.destroy());
      const follower = lab.open({ url, agent: agentOfMoved });
      const late = follower.send(2, { prefix: 'late' });
      await lab.settled(follower);
      lab.accountIs(follower, late.length);
      same(
        'what came to the new address',
        late.filter((id) => !moved.took.has(id)),
        [],
      );
    },
  },
  {
    id: 'N12',
    title: 'a proxy in the environment: used where Node can, else a warning; a refusal is told without its password',
    signals: 'first',
    inChildren: true,
    applies: needing(overHttp),
    async run(lab) {
      const backend = await lab.http();
      const proxy = await lab.http();
      proxy.server.behave = { act: (arrival) => arrival.answer({ status: 407, body: 'who are you?' }) };
      const env = { HTTP_PROXY: `http://shop:pa55word@127.0.0.1:${proxy.server.tcp.port}` };
      const program = `
        const problems = [];
        const oc = open({ onError: ({ message }) => problems.push(message) });
        record(oc, 2);
        await oc.flush({ withinMs: 3_000 });
        say({ ...figures(oc), problems });
        await oc.shutdown({ withinMs: 50 });`;
      const outcome = await lab.run(program, { target: backend.target, env });
      const [{ problems, state, delivered }] = outcome.said as [Said];
      const shown = JSON.stringify(outcome);
      holds("the proxy's password is shown nowhere", !shown.includes('pa55word'), problems);
      same('one line tells of the proxy', problems.length, 1);
      if (proxy.server.arrivals.length > 0) {
        same('refused by the proxy', { state, delivered }, { state: 'paused', delivered: 0 });
        holds('the line names the answer', /\b407\b/.test(problems[0] ?? ''), problems);
        const direct = await lab.run(program, { target: backend.target, env: { ...env, NO_PROXY: '127.0.0.1' } });
        same('past the proxy with NO_PROXY', (direct.said as [Said])[0]?.delivered, 2);
      } else {
        holds('the line names the variable', /HTTP_PROXY/.test(problems[0] ?? ''), problems);
        same('sent directly', { state, delivered }, { state: 'idle', delivered: 2 });
      }
    },
  },
  {
    id: 'T1',
    title: 'a certificate that is expired, of another host, or signed by nobody: nothing is sent, one line says why',
    signals: 'first',
    inChildren: true,
    applies: needing(overHttp),
    async run(lab) {
      const { good, expired, wrongHost, selfSigned } = certificates;
      const { good: fine, ...others } = await underTls(lab, { good, expired, wrongHost, selfSigned });
      same(
        'a good certificate',
        { delivered: fine?.delivered, problems: fine?.problems },
        { delivered: 2, problems: [] },
      );
      failsClosed('an expired certificate', others.expired, /expired/i);
      failsClosed('a certificate of another host', others.wrongHost, /altname|host/i);
      failsClosed('a certificate signed by nobody', others.selfSigned, /self[- ]signed/i);
    },
  },
  {
    id: 'T2',
    title: 'a backend that wants a client certificate gets it',
    signals: 'first',
    applies: needing(overHttp, taking('agent')),
    async run(lab) {
      const tls = { ...KEY_AND_CERT, ca: testAuthority, requestCert: true, rejectUnauthorized: true };
      const backend = await lab.http({ tls });
      const { cert, key } = certificates.client;
      const agents = [new TlsAgent({ ca: testAuthority, cert, key }), new TlsAgent({ ca: testAuthority })] as const;
      lab.onEnd(() => agents.map((agent) => agent.destroy()));
      const [known, stranger] = agents.map((agent) => lab.open({ ...backend.target, agent }));
      const ids = known?.send(2) ?? [];
      const notSent = stranger?.send(2, { prefix: 'stranger' }) ?? [];
      await lab.until('what comes with a certificate arrives', () => ids.every((id) => backend.took.has(id)));
      await lab.until('what comes without is refused', () => stranger?.calls[0]?.outcome !== undefined);
      same(
        'taken without a certificate',
        notSent.filter((id) => backend.took.has(id)),
        [],
      );
      // In TLS 1.3 the client has connected before it is refused, so that what must not be sent twice may be counted.
      if (!lab.isOnce) same('lost for want of a certificate', stranger?.account().dropped, {});
    },
  },
  {
    id: 'T3',
    title: 'a TLS port that speaks TLS 1.0 or plain text: nothing is sent',
    signals: 'first',
    inChildren: true,
    applies: needing(overHttp),
    async run(lab) {
      const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
      const said = await underTls(lab, { good: KEY_AND_CERT, old: { ...KEY_AND_CERT, ...old }, plain: undefined });
      same('with a present version', said.good?.delivered, 2);
      for (const kind of ['old', 'plain']) {
        const { state, delivered, took } = said[kind] ?? {};
        same(`over ${kind} TLS nothing is sent`, { delivered, took }, { delivered: 0, took: 0 });
        holds(`over ${kind} TLS it is tried again`, state === 'paused' || state === 'retrying', state);
      }
    },
  },
];

/** An address of this machine besides 127.0.0.1. */
async function elsewhere(): Promise<string> {
  const { createServer } = await import('node:net');
  return new Promise((resolve) => {
    const probe = createServer()
      .once('error', () => resolve('127.0.0.2'))
      .listen(0, '::1', () => probe.close(() => resolve('::1')));
  });
}
