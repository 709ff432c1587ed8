import type { SignalHealth } from '@oc/core';
import { holds, same } from '../../claim.ts';
import type { Lab } from '../../lab.ts';
import { wordOf } from '../../program.ts';
import { answered, needing, type Row } from '../../row.ts';
import { openTunnels } from '../../servers/proxy.ts';
import { elsewhere } from '../names.ts';

/**
 * Of a program: a name server for `telemetry.test`, which says nothing before it is told what: the code of an error, or
 * addresses. Clients of gRPC look names up by themselves, by one function of Node or the other.
 */
const NAME_SERVER = `
let answer;
let wake;
const told = new Promise((resolve) => { wake = resolve; });
const answerWith = (given) => {
  answer = given;
  wake();
};
const ask = async () => {
  await told;
  if (Array.isArray(answer)) return answer;
  throw Object.assign(new Error('getaddrinfo ' + answer + ' telemetry.test'), { code: answer });
};
const { lookup } = dns;
const lookupLater = dns.promises.lookup;
dns.promises.lookup = async (name, options = {}) => {
  if (name !== 'telemetry.test') return lookupLater(name, options);
  const found = await ask();
  return options.all ? found : found[0];
};
dns.lookup = (name, options, callback = options) => {
  if (name !== 'telemetry.test') return lookup(name, options, callback);
  ask().then((found) => (options.all ? callback(null, found) : callback(null, found[0].address, found[0].family)), callback);
};
syncBuiltinESMExports();
`;

const FOUND = [
  { address: '2001:db8::1', family: 6 }, // of documents, and of nobody's network
  { address: '127.0.0.1', family: 4 },
];

/** What a program says of two items that it sends with a proxy in its environment. */
interface Sent {
  readonly delivered: number;
  readonly dropped: SignalHealth['dropped'];
  readonly problems: readonly string[];
}

async function sentWith(lab: Lab, url: string | undefined, env: Record<string, string>): Promise<Sent> {
  const outcome = await lab.run(
    `const problems = [];
     const oc = open({ onError: ({ message }) => problems.push(message) });
     record(oc, 2);
     await oc.flush({ withinMs: 2_000 });
     say({ ...figures(oc), problems });
     await oc.shutdown({ withinMs: 50 });`,
    { target: { url }, env },
  );
  const shown = JSON.stringify(outcome);
  holds("the proxy's password is shown nowhere", !shown.includes('pa55word'), shown);
  return wordOf<Sent>(outcome);
}

/** The ways to a backend: names, addresses, proxies. */
export const GRPC_NAMES: readonly Row[] = [
  {
    id: 'N9',
    transport: 'grpc',
    title: 'names: no answer, not found, found later, one family that is broken, an address that changes',
    signals: 'first',
    inChildren: true,
    applies: needing(answered),
    async run(lab) {
      const backend = await lab.grpc();
      const { port } = backend.grpc.tcp;
      const host = await elsewhere();
      const there = [{ address: host, family: host.includes(':') ? 6 : 4 }];
      const servers = [backend.grpc];
      const outcome = await lab.run(
        `import dns from 'node:dns';
         import { syncBuiltinESMExports } from 'node:module';
         ${NAME_SERVER}
         const problems = [];
         const oc = open({ onError: ({ message }) => problems.push(message), delivery: { attemptMs: 500 } });
         const settled = async () => {
           const waits = () => figures(oc).queued + figures(oc).inFlight > 0;
           for (let rounds = 0; rounds === 0 || (waits() && rounds < 10); rounds++) await oc.flush({ withinMs: 1_000 });
         };
         const reasons = [];
         for (const code of ['hangs', 'EAI_AGAIN', 'ENOTFOUND']) {
           if (code !== 'hangs') answerWith(code);
           record(oc, 1, code);
           await oc.flush({ withinMs: 900 });
           reasons.push(oc.health()[0][signal].lastError?.message);
         }
         answerWith(${JSON.stringify(FOUND)});
         record(oc, 1, 'found');
         await settled();
         point('moves');
         answerWith(${JSON.stringify(there)});
         for (const prefix of ['moved', 'then', 'last']) {
           record(oc, 1, prefix);
           await settled();
         }
         say({ ...figures(oc), reasons, problems });
         await oc.shutdown({ withinMs: 50 });`,
        {
          target: { url: `http://telemetry.test:${port}` },
          at: {
            async moves() {
              await backend.grpc.tcp.close();
              servers.push((await lab.grpc({ host, port })).grpc);
            },
          },
        },
      );
      const { reasons, problems, dropped } = wordOf<Sent & { readonly reasons: readonly string[] }>(outcome);
      // A collection gives way to the next one; what was written to a connection that had just ended may have arrived.
      const { superseded: _, unconfirmed = 0, ...lost } = dropped;
      if (!lab.isOnce) same('what may have arrived', unconfirmed, 0);
      const [here, moved] = servers.map(({ taken }) => new Set(lab.namesIn(taken)));
      const missing = ['hangs0', 'EAI_AGAIN0', 'ENOTFOUND0', 'found0'].filter((name) => !here?.has(name));
      same(
        'what is not lost while the name is not found, and arrives when it is',
        { missing, lost },
        { missing: [], lost: {} },
      );
      same(
        'what does not come to the new address',
        (lab.isOnce ? ['last0'] : ['moved0', 'then0', 'last0']).filter((name) => !moved?.has(name)),
        [],
      );
      holds(
        'each failure names the host',
        reasons.every((message) => message?.includes('telemetry.test')),
        reasons,
      );
      same(
        'calls that outlast their deadline',
        [...reasons, ...problems].filter((message) => message.includes('did not settle')),
        [],
      );
    },
  },
  {
    id: 'N12',
    transport: 'grpc',
    title:
      'a proxy in the environment, as clients of gRPC read it: used; a refusal loses nothing and shows no password',
    signals: 'first',
    inChildren: true,
    applies: needing(answered),
    async run(lab) {
      const backend = await lab.grpc();
      const proxy = await openTunnels();
      lab.onEnd(() => proxy.tcp.close());
      const env = { https_proxy: `http://shop:pa55word@127.0.0.1:${proxy.tcp.port}` };
      const { url } = backend.target;
      const through = await sentWith(lab, url, env);
      same('through the proxy', through.delivered, 2);
      const asked = { to: `127.0.0.1:${backend.grpc.tcp.port}`, as: 'shop:pa55word' };
      same('what the proxy was asked for', proxy.asked[0], asked);

      proxy.refusal = 407;
      const before = proxy.asked.length;
      const { delivered, dropped, problems } = await sentWith(lab, url, env);
      holds('the proxy was asked again', proxy.asked.length > before);
      same('refused by the proxy', { delivered, dropped }, { delivered: 0, dropped: {} });
      same('one line tells of it', problems.length, 1);
      holds('that line names the variable', /https_proxy/.test(problems[0] ?? ''), problems);

      const past = await sentWith(lab, url, { ...env, no_proxy: '127.0.0.1' });
      same('past the proxy with no_proxy', past.delivered, 2);

      const unread = await sentWith(lab, url, { HTTPS_PROXY: env.https_proxy });
      same('a variable that gRPC does not read: sent, and told', [unread.delivered, unread.problems.length], [2, 1]);
      holds('the line names it', /HTTPS_PROXY/.test(unread.problems[0] ?? ''), unread.problems);
    },
  },
];
