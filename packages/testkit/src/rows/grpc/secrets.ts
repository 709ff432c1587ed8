import { inspect } from 'node:util';
import { holds, same, thrownBy } from '../../claim.ts';
import { answered, needing, type Row, taking } from '../../row.ts';
import { ending, type GrpcArrival, type GrpcBehaviour } from '../../servers/grpc.ts';

/** Keys and addresses. */
export const GRPC_SECRETS: readonly Row[] = [
  {
    id: 'B17',
    transport: 'grpc',
    title: 'two exporters to one host with keys of their own: no call carries the other one',
    signals: 'first',
    applies: needing(taking('secret')),
    async run(lab) {
      lab.stopTime();
      const backend = await lab.grpc();
      const secrets = ['key-of-the-first', 'key-of-the-second'] as const;
      const subjects = secrets.map((secret) => lab.open({ ...backend.target, secret }));
      for (let round = 0; round < 3; round++) {
        for (const [i, subject] of subjects.entries()) subject.send(2, { prefix: `${i}-${round}-` });
        await lab.until('all arrive', () => subjects.every(({ isSettled }) => isSettled));
      }
      await lab.arrived();
      const seen = backend.grpc.arrivals
        .filter(({ items }) => items.length > 0)
        .map(({ headers, items }) => {
          const sent = Object.values(headers).join();
          return [lab.namesIn(items)[0]?.slice(0, 1), ...secrets.filter((secret) => sent.includes(secret))];
        });
      same(
        'whose key each message carries',
        seen,
        seen.map(([owner]) => [owner, secrets[Number(owner)]]),
      );
    },
  },
  {
    id: 'V8-keys',
    transport: 'grpc',
    title: 'a line break in a key or token: a ConfigError when the exporter is made, without the value',
    signals: 'first',
    applies: needing(taking('secret')),
    async run(lab) {
      const { target } = await lab.grpc();
      for (const secret of ['hush-hush\r\nx-admin: yes', 'hush-hush\u0000', 'hush-hush\n']) {
        const error = await thrownBy(() => lab.make({ ...target, secret }));
        same('what is thrown', (error as Error | undefined)?.name, 'ConfigError');
        holds('the value is not shown', !inspect(error).includes('hush-hush'));
      }
    },
  },
  {
    id: 'V10',
    transport: 'grpc',
    title: 'a token in the metadata, repeated by the backend: in no report, error, health or inspection',
    signals: 'first',
    applies: needing(answered, taking('secret')),
    async run(lab) {
      lab.stopTime();
      const secret = 'token-9f8e7d6c5b';
      const answers: readonly GrpcBehaviour[] = [3, 7, 14].map((status) =>
        ending({ status, message: `${secret} is no key of mine` }),
      );
      for (const behaviour of [...answers, { act: (arrival: GrpcArrival) => arrival.drop() }]) {
        const backend = await lab.grpc();
        backend.grpc.behave = behaviour;
        const exporter = lab.make({ ...backend.target, secret });
        const subject = lab.open({ ...backend.target, secret });
        subject.send(2);
        await lab.until('it is told', () => subject.messages.length > 0 || subject.account().lastError !== undefined);
        const sent = JSON.stringify(backend.grpc.arrivals[0]?.headers);
        holds('the backend itself is shown the token', sent.includes(secret), sent);
        const shown = inspect([subject.problems, subject.oc.health(), exporter], {
          depth: 12,
          showHidden: true,
          getters: true,
        });
        holds(
          'no secret is shown',
          !shown.includes(secret),
          shown.slice(Math.max(0, shown.indexOf(secret) - 200)).slice(0, 400),
        );
      }
    },
  },
  {
    id: 'Q6',
    transport: 'grpc',
    title: 'an address of another scheme, or none: a ConfigError that shows no password',
    signals: 'first',
    applies: () => true,
    async run(lab) {
      for (const url of ['ftp://shop:hush-hush@x.test/', 'http://', '\u0000', 7]) {
        const error = await thrownBy(() => lab.make({ url: url as string }));
        same(`what ${JSON.stringify(url)} throws`, (error as Error | undefined)?.name, 'ConfigError');
        holds('the message says whose it is', String(error).includes(lab.check.name), String(error));
        holds('no secret is shown', !inspect(error).includes('hush-hush'));
      }
    },
  },
];
