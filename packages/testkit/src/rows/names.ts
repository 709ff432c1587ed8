import { Agent } from 'node:http';
import type { LookupFunction } from 'node:net';
import { holds, same } from '../claim.ts';
import { wordOf } from '../program.ts';
import { needing, overHttp, type Row, taking } from '../row.ts';

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

export interface Said {
  readonly state: string;
  readonly delivered: number;
  readonly problems: readonly string[];
}

/** The ways to a backend: names, addresses, proxies. */
export const NAMES: readonly Row[] = [
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
      const { problems, state, delivered } = wordOf<Said>(outcome);
      const shown = JSON.stringify(outcome);
      holds("the proxy's password is shown nowhere", !shown.includes('pa55word'), problems);
      same('one line tells of the proxy', problems.length, 1);
      if (proxy.server.arrivals.length > 0) {
        same('refused by the proxy', { state, delivered }, { state: 'paused', delivered: 0 });
        holds('the line names the answer', /\b407\b/.test(problems[0] ?? ''), problems);
        const direct = await lab.run(program, { target: backend.target, env: { ...env, NO_PROXY: '127.0.0.1' } });
        same('past the proxy with NO_PROXY', wordOf<Said>(direct).delivered, 2);
      } else {
        holds('the line names the variable', /HTTP_PROXY/.test(problems[0] ?? ''), problems);
        same('sent directly', { state, delivered }, { state: 'idle', delivered: 2 });
      }

      const wrong = await lab.run(program, { target: backend.target, env: { HTTP_PROXY: 'http://shop:pa55word@[' } });
      const told = wordOf<Said>(wrong).problems;
      holds('nor is the password of a variable that is no URL', !JSON.stringify(wrong).includes('pa55word'), told);
      same('one line tells of it', told.length, 1);
      holds('that line speaks of the variable', /HTTP_PROXY|proxy variable/.test(told[0] ?? ''), told);
    },
  },
];

/** An address of this machine besides 127.0.0.1. */
export async function elsewhere(): Promise<string> {
  const { createServer } = await import('node:net');
  return new Promise((resolve) => {
    const probe = createServer()
      .once('error', () => resolve('127.0.0.2'))
      .listen(0, '::1', () => probe.close(() => resolve('::1')));
  });
}
