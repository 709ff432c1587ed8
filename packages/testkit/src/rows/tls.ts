import { Agent as TlsAgent } from 'node:https';
import type { TlsOptions } from 'node:tls';
import { certificates, testAuthority } from '../certificates.ts';
import { holds, same } from '../claim.ts';
import type { HttpBackend } from '../http-backend.ts';
import type { Lab } from '../lab.ts';
import { needing, overHttp, type Row, taking } from '../row.ts';
import type { Said } from './names.ts';

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

/** Certificates and versions of TLS. */
export const TLS: readonly Row[] = [
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
