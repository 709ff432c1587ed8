import type { TlsOptions } from 'node:tls';
import type { TlsFiles } from '@oc/core/exporter';
import { type Certificate, certificates, testAuthority } from '../../certificates.ts';
import { holds, same } from '../../claim.ts';
import type { Lab } from '../../lab.ts';
import { wordOf } from '../../program.ts';
import { answered, needing, type Row, taking } from '../../row.ts';
import type { Subject } from '../../subject.ts';

interface Said {
  readonly delivered: number;
  readonly dropped: object;
  readonly problems: readonly string[];
  readonly lastError?: string;
}

/** What a program that trusts the test's authority says of a server, and how many items that took. */
async function saidOf(lab: Lab, kind: string, tls: TlsOptions | undefined): Promise<Said & { readonly took: number }> {
  const backend = await lab.grpc(tls ? { tls } : {});
  const outcome = await lab.run(
    `const problems = [];
     const oc = open({ onError: ({ message }) => problems.push(message) });
     record(oc, 2);
     await oc.flush({ withinMs: 2_500 });
     say({ ...figures(oc), problems, lastError: oc.health()[0][signal].lastError?.message });
     await oc.shutdown({ withinMs: 50 });`,
    {
      target: { url: `https://localhost:${backend.grpc.tcp.port}` }, // a name, since TLS knows of no addresses
      env: { NODE_EXTRA_CA_CERTS: lab.file(`authority-${kind}.pem`, testAuthority) },
    },
  );
  same(`${kind}: how the program ends`, { code: outcome.code, stderr: outcome.stderr }, { code: 0, stderr: '' });
  return { ...wordOf<Said>(outcome), took: backend.took.size };
}

/** Claims that a program sends to a good server, and nothing to the others, of which it says why. */
async function sendsToGoodOnly(
  lab: Lab,
  others: Readonly<Record<string, { readonly tls: TlsOptions | undefined; readonly why: RegExp }>>,
): Promise<void> {
  const good = saidOf(lab, 'good', certificates.good).then(({ delivered, problems }) => {
    same('a good server', { delivered, problems }, { delivered: 2, problems: [] });
  });
  const refused = Object.entries(others).map(async ([kind, { tls, why }]) => {
    const { delivered, took, dropped, problems, lastError } = await saidOf(lab, kind, tls);
    same(`${kind}: nothing is sent, or lost`, { delivered, took, dropped }, { delivered: 0, took: 0, dropped: {} });
    holds(`${kind}: one line at most`, problems.length <= 1, problems);
    holds(`${kind}: it says why`, why.test(lastError ?? ''), lastError);
  });
  await Promise.all([good, ...refused]);
}

/** Certificates and versions of TLS. */
export const GRPC_TLS: readonly Row[] = [
  {
    id: 'T1',
    transport: 'grpc',
    title: 'a certificate that is expired, of another host, or signed by nobody: nothing is sent, told why',
    signals: 'first',
    inChildren: true,
    applies: () => true,
    run(lab) {
      const { expired, wrongHost, selfSigned } = certificates;
      return sendsToGoodOnly(lab, {
        expired: { tls: expired, why: /expired/i },
        wrongHost: { tls: wrongHost, why: /altname|host/i },
        selfSigned: { tls: selfSigned, why: /self[- ]signed/i },
      });
    },
  },
  {
    id: 'T2',
    transport: 'grpc',
    title: 'a backend that wants a client certificate gets it, and another one once its files are renewed',
    signals: 'first',
    applies: needing(answered, taking('tls')),
    async run(lab) {
      lab.stopTime();
      const tls = { ...certificates.good, ca: testAuthority, requestCert: true, rejectUnauthorized: true };
      const backend = await lab.grpc({ tls });
      const url = `https://localhost:${backend.grpc.tcp.port}`;
      const ca = lab.file('authority.pem', testAuthority);
      const filesOf = (name: string, { cert, key }: Certificate): TlsFiles => {
        return { ca, cert: lab.file(`${name}.pem`, cert), key: lab.file(`${name}.key`, key) };
      };
      const known = lab.open({ url, tls: filesOf('known', certificates.client) });
      const ids = known.send(2);
      await lab.settled(known);
      lab.accountIs(known, ids.length);

      // That it is refused may be told after the client has connected: what must not be sent twice may be counted then.
      const isRefused = async (subject: Subject): Promise<readonly string[]> => {
        const sent = subject.send(2, { prefix: 'refused' });
        await lab.until('what comes without one is refused', () => subject.calls[0]?.outcome !== undefined);
        if (!lab.isOnce) same('lost for want of a certificate', subject.account().dropped, {});
        return lab.isOnce ? [] : sent;
      };
      await isRefused(lab.open({ url, tls: { ca } }));
      const outdated = lab.open({ url, tls: filesOf('outdated', certificates.selfSigned) });
      const kept = await isRefused(outdated);
      lab.tookOnce(backend, ids);

      filesOf('outdated', certificates.client);
      const late = outdated.send(2, { prefix: 'late' });
      await lab.settled(outdated);
      same(
        'what has waited for renewed files and does not arrive',
        [...kept, ...late].filter((id) => !backend.took.has(id)),
        [],
      );
    },
  },
  {
    id: 'T3',
    transport: 'grpc',
    title: 'a TLS port that speaks TLS 1.0 or plain text: nothing is sent, and nothing is lost',
    signals: 'first',
    inChildren: true,
    applies: () => true,
    run(lab) {
      const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
      return sendsToGoodOnly(lab, {
        old: { tls: { ...certificates.good, ...old }, why: /./ },
        plain: { tls: undefined, why: /./ },
      });
    },
  },
];
