import { connect, createServer } from 'node:net';
import { inspect } from 'node:util';
import { lastValue, measure, view } from '@oc/core';
import { holds, same, thrownBy } from '../../claim.ts';
import type { Lab } from '../../lab.ts';
import type { Row } from '../../row.ts';
import { type Address, readAt } from '../../servers/reader.ts';
import { TcpServer } from '../../servers/tcp.ts';
import type { Subject } from '../../subject.ts';

const LOOPBACK = '127.0.0.1';
/** Reserved for documentation: no machine has it. */
const NOBODYS = '192.0.2.7';
const PRIVILEGED_PORT = 1;

/** Opens a telemetry with the exporter, which listens. */
async function listening(lab: Lab): Promise<{ subject: Subject; at: Address }> {
  const subject = lab.open(await lab.backend());
  return { subject, at: await lab.addressOf(subject) };
}

/** Whether this process may not listen on a port. */
function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
      .once('error', () => resolve(true))
      .listen(port, LOOPBACK, () => probe.close(() => resolve(false)));
  });
}

/** The rows of exporters that are read which need no process of their own. */
export const PULL_PORTS: readonly Row[] = [
  {
    id: 'P2',
    transport: 'pull',
    title:
      'a port in use, a privileged one, an address of another machine: told once, the application lives; port 0 is a free one',
    signals: 'first',
    applies: () => true,
    async run(lab) {
      const occupant = await TcpServer.open((socket) => socket.destroy());
      lab.onEnd(() => occupant.close());
      const taken: Address[] = [
        { host: LOOPBACK, port: occupant.port },
        { host: NOBODYS, port: occupant.port },
      ];
      if (await isRefused(PRIVILEGED_PORT)) taken.push({ host: LOOPBACK, port: PRIVILEGED_PORT });
      for (const listen of taken) {
        const what = inspect(listen);
        const subject = lab.open({ listen });
        const [health] = await subject.oc.ready;
        const states = [health?.spans.state, health?.metrics.state];
        same(`${what}: the states of both signals`, states, ['failed', 'failed']);
        same(`${what}: what is told`, subject.problems.length, 1);
        const [{ severity, message } = { severity: 'warning', message: '' }] = subject.problems;
        holds(
          `${what}: it is an error that names the port`,
          severity === 'error' && message.includes(`${listen.port}`),
          message,
        );
        subject.send(3);
        const closed = await subject.oc.shutdown({ withinMs: 2_000 });
        same(
          `${what}: a shutdown answers`,
          closed.map(({ unsettled }) => unsettled),
          [0],
        );
      }
      const [one, other] = [await listening(lab), await listening(lab)];
      holds('port 0 is a free one', one.at.port > 0 && other.at.port > 0 && one.at.port !== other.at.port, [
        one.at,
        other.at,
      ]);
      for (const { subject } of [one, other]) same('the status', (await lab.read(subject)).status, 200);
    },
  },
  {
    id: 'P4',
    transport: 'pull',
    title: 'a reading that throws, rejects or never ends: the other metrics are served in time, each is told once',
    signals: 'first',
    applies: () => true,
    async run(lab) {
      lab.stopTime();
      const observed = { throws: 0, rejects: 0, never: 0, fine: 0 };
      const measures = Object.keys(observed).map((name) => measure({ name: `testkit/${name}` }));
      const views = measures.map((each) => view({ measure: each, aggregation: lastValue(), tagKeys: ['id'] }));
      const subject = lab.open(await lab.backend(), { views });
      const readings: Record<string, () => number | Promise<number>> = {
        throws: () => {
          throw new Error('of a reading');
        },
        rejects: () => Promise.reject(new Error('of a reading')),
        never: () => new Promise<number>(() => {}),
        fine: () => 7,
      };
      for (const [at, name] of Object.keys(observed).entries()) {
        const { [at]: own } = measures;
        if (own) subject.oc.stats.observe(own, () => readings[name]?.() ?? 0, { id: name });
      }
      for (const _ of ['once', 'again']) {
        let answer: { readonly status: number; readonly body: string } | undefined;
        const settle = (got: typeof answer): void => {
          answer = got;
          lab.changes.tell();
        };
        lab
          .read(subject, lab.reading.path, { 'x-prometheus-scrape-timeout-seconds': '10' })
          .then(settle, (error) => settle({ status: 0, body: String(error) }));
        await lab.until('it answers', () => answer !== undefined);
        same('the status', answer?.status, 200);
        const shown = lab.reading.items?.(answer?.body ?? '').map(({ id, value }) => [id, Number(value)]);
        if (shown && lab.signal === 'metrics') same('what it serves', shown, [['fine', 7]]);
      }
      const shown = subject.messages.filter((message) => /testkit\/(throws|rejects|never)/.test(message));
      if (lab.reading.items) same('what is told', shown.length, 3);
    },
  },
  {
    id: 'P5',
    transport: 'pull',
    title:
      'by default on loopback, and there for loopback names only: a foreign Host is refused, no other site may read',
    signals: 'first',
    applies: () => true,
    async run(lab) {
      const byDefault = lab.open({ listen: { port: 0 } });
      const at = await lab.addressOf(byDefault);
      holds('without a host it listens on loopback', [LOOPBACK, '::1', 'localhost'].includes(at.host), at.host);
      const { path, pages = [] } = lab.reading;
      for (const each of [path, ...pages]) {
        for (const host of ['localhost', LOOPBACK, '[::1]']) {
          for (const name of [`${host}:${at.port}`, host.toUpperCase()]) {
            same(`GET ${each} with Host ${name}`, (await readAt(at, each, { host: name })).status, 200);
          }
        }
        for (const host of [
          'evil.test',
          `${LOOPBACK}.evil.test`,
          'localhost.evil.test:80',
          `evil.test:${at.port}`,
          '0.0.0.0',
        ]) {
          const { status, body } = await readAt(at, each, { host });
          holds(`GET ${each} with Host ${host} is refused`, [400, 403, 421].includes(status), status);
          holds('a refusal shows nothing', !body.includes('testkit'), body);
        }
        const { headers } = await readAt(at, each, { origin: 'http://evil.test', 'sec-fetch-site': 'cross-site' });
        const allowed = Object.keys(headers).filter((name) => name.startsWith('access-control-'));
        same(`GET ${each} from another site: what is allowed`, allowed, []);
      }
    },
  },
  {
    id: 'L9',
    transport: 'pull',
    title: 'shutdown twice, flush after it: the same promise, an answer; the port and kept connections are closed',
    signals: 'first',
    applies: () => true,
    async run(lab) {
      const { subject, at } = await listening(lab);
      const kept = connect(at.port, at.host);
      kept.write(`GET ${lab.reading.path} HTTP/1.1\r\nhost: ${at.host}:${at.port}\r\n\r\n`);
      let isAnswered = false;
      let isClosed = false;
      kept.on('data', () => {
        isAnswered = true;
        lab.changes.tell();
      });
      kept.on('error', () => {}); // a reset is an end as well
      kept.on('close', () => {
        isClosed = true;
        lab.changes.tell();
      });
      lab.onEnd(() => kept.destroy());
      await lab.until('it answers', () => isAnswered);
      const first = subject.oc.shutdown({ withinMs: 3_000 });
      const second = subject.oc.shutdown({ withinMs: 1 });
      holds('a second shutdown gives the same promise', first === second);
      const began = performance.now();
      await first;
      holds('a reader that stays does not hold it up', performance.now() - began < 2_500, performance.now() - began);
      await lab.until('the kept connection is closed', () => isClosed);
      const [answer] = await subject.oc.flush({ withinMs: 100 });
      same('what a flush leaves unsettled', answer?.unsettled, 0);
      const error = await thrownBy(() => readAt(at, lab.reading.path));
      same('what a reader meets', (error as NodeJS.ErrnoException | undefined)?.code, 'ECONNREFUSED');
      const again = await listeningOn(lab, at.port);
      same('the port can be had again', again.port, at.port);
    },
  },
  {
    id: 'Q6',
    transport: 'pull',
    title: 'a port that is none: a ConfigError',
    signals: 'first',
    applies: () => true,
    async run(lab) {
      for (const port of [-1, 65_536, 1.5, Number.NaN, '9464x']) {
        const error = await thrownBy(() => lab.make({ listen: { port: port as number } }));
        same(`what port ${port} throws`, (error as Error | undefined)?.name, 'ConfigError');
        holds('the message says whose it is', String(error).includes(lab.check.name), String(error));
      }
    },
  },
];

async function listeningOn(lab: Lab, port: number): Promise<Address> {
  return lab.addressOf(lab.open({ listen: { host: LOOPBACK, port } }));
}
