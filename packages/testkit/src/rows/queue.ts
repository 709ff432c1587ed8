import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import type { ExportCall, Exporter, SpanData } from '@oc/core/exporter';
import { holds, same } from '../claim.ts';
import type { Lab } from '../lab.ts';
import { needing, overHttp, type Row } from '../row.ts';
import type { Subject } from '../subject.ts';

const always = (): true => true;

/** An exporter that does not keep its side of the contract. */
function rogue(
  name: string,
  send: (call: ExportCall, spans: readonly SpanData[]) => Promise<void> | undefined,
): Exporter {
  const act = (items: readonly unknown[], call: ExportCall): Promise<void> =>
    send(call, items as never) as Promise<void>;
  return { name, exportSpans: act, exportMetrics: act };
}

/** A backend whose name resolves to each family. */
const LOCALHOSTS = ['localhost', '[::1]'];

export const QUEUE: readonly Row[] = [
  {
    id: 'Q1',
    title:
      'a burst of 20,000 in one tick: all delivered; with a bound of 5,000: the bound kept, the loss counted exactly',
    signals: 'spans',
    isHeavy: true,
    applies: always,
    async run(lab) {
      const backend = await lab.backend();
      const subject = lab.open(backend, { delivery: { batchDelayMs: 1_000 } });
      const ids = subject.send(20_000);
      await lab.settled(subject);
      lab.accountIs(subject, 20_000);
      lab.tookOnce(backend, ids);

      const bounded = lab.open(await lab.backend(), { delivery: { queueItems: 5_000 } });
      bounded.send(20_000);
      const { queued, inFlight } = bounded.account();
      holds('the bound is kept', queued + inFlight <= 5_000, { queued, inFlight });
      await lab.settled(bounded);
      lab.accountIs(bounded, 5_000, { 'queue-full': 15_000 });
      same('lines that tell of it', bounded.messages.length, 1);
    },
  },
  {
    id: 'Q2',
    title: 'a steady trickle below the size of a batch: each item goes within the delay',
    signals: 'spans',
    applies: always,
    async run(lab) {
      const clock = lab.stopTime();
      const backend = await lab.backend();
      const subject = lab.open(backend, { delivery: { batchDelayMs: 300 } });
      const endedAt = new Map<string, number>();
      for (let at = 0; at < 34; at++) {
        const [id = ''] = subject.send(1, { prefix: `${at}-` });
        endedAt.set(id, clock.monotonic());
        await lab.pass(120);
      }
      await lab.pass(300);
      const waits = subject.calls.flatMap(({ ids, at }) => ids.map((id) => at - (endedAt.get(id) ?? 0)));
      same('items that were sent', waits.length, 34);
      holds('the longest wait', Math.max(...waits) <= 310, Math.max(...waits));
    },
  },
  {
    id: 'Q3',
    title: 'flush called at once by several, and from within: one drain, all are answered when all is delivered',
    signals: 'each',
    applies: always,
    async run(lab) {
      const backend = await lab.backend();
      let inner: Promise<readonly { unsettled: number }[]> | undefined;
      const beside: Exporter = rogue('beside', async () => {
        inner ??= subject.oc.flush({ withinMs: 3_000 });
      });
      const subject: Subject = lab.open(backend, { delivery: { batchDelayMs: 60_000 }, beside: [beside] });
      const ids = subject.send(10);
      const flushes = Array.from({ length: 5 }, () => subject.oc.flush({ withinMs: 3_000 }));
      for (const health of await Promise.all(flushes)) {
        same(
          'what a flush leaves unsettled',
          health.map(({ unsettled }) => unsettled),
          [0, 0],
        );
      }
      same(
        'what has arrived when they are answered',
        ids.filter((id) => !backend.took.has(id)),
        [],
      );
      same('what one from within leaves unsettled', (await inner)?.[0]?.unsettled, 0);
      if (lab.signal === 'spans') {
        lab.tookOnce(backend, ids);
        same('calls', subject.calls.length, 1);
      }
    },
  },
  {
    id: 'Q4',
    title: 'one exporter hangs, another is healthy: it delivers, and a flush says which of them is late',
    signals: 'each',
    applies: always,
    async run(lab) {
      const backend = await lab.backend();
      const hanging = rogue('hanging', () => new Promise<void>(() => {}));
      const subject = lab.open(backend, { beside: [hanging] });
      const ids = subject.send(10);
      const health = await subject.oc.flush({ withinMs: 500 });
      same(
        'what is unsettled',
        health.map(({ unsettled }) => unsettled),
        [0, 10],
      );
      same(
        'what has arrived',
        ids.filter((id) => !backend.took.has(id)),
        [],
      );
      const closed = await subject.oc.shutdown({ withinMs: 600 });
      same(
        'what became of it',
        closed.map((each) => Object.keys(each[lab.signal].dropped)),
        [[], ['deadline']],
      );
    },
  },
  {
    id: 'Q5',
    title: 'another exporter throws, answers with no promise, or never: counted, bounded in time, and none of ours',
    signals: 'each',
    applies: always,
    async run(lab) {
      const backend = await lab.backend();
      const beside = [
        rogue('throws', () => {
          throw new Error('of the exporter');
        }),
        rogue('returns', () => undefined),
        rogue('never', () => new Promise<void>(() => {})),
        rogue('null', () => Promise.reject(null)),
      ];
      const subject = lab.open(backend, { beside });
      const ids = subject.send(5);
      await lab.until('ours arrive', () => ids.every((id) => backend.took.has(id)));
      const health = await subject.oc.shutdown({ withinMs: 800 });
      same(
        'what became of all',
        health.map(({ name, [lab.signal]: { accepted, delivered, dropped } }) => [
          name,
          delivered === accepted,
          ...Object.keys(dropped),
        ]),
        [
          [lab.check.name, true],
          ['throws', false, 'exporter-error'],
          ['returns', true],
          ['never', false, 'deadline'],
          ['null', false, 'exporter-error'],
        ],
      );
    },
  },
  {
    id: 'Q6',
    title: 'an address that is relative, of another scheme, or none: a ConfigError; with credentials or of IPv6: used',
    signals: 'first',
    applies: needing(overHttp),
    async run(lab) {
      const wrong = [
        'relative/path',
        'localhost:9411',
        'unix:/var/run/hush-hush.sock',
        'ftp://shop:hush-hush@x.test/',
        'http://',
        '\u0000',
      ];
      for (const url of wrong) {
        const error = await thrownBy(() => lab.make({ url }));
        same(`what ${JSON.stringify(url)} throws`, (error as Error | undefined)?.name, 'ConfigError');
        holds('the message says whose it is', String(error).includes(lab.check.name), String(error));
        holds('no secret is shown', !inspect(error).includes('hush-hush'));
      }
      const withCredentials = await lab.http();
      const { port } = withCredentials.server.tcp;
      await delivers(lab, `http://shop:hush-hush@127.0.0.1:${port}`, () => withCredentials.server.arrivals.length > 0);
      const [{ head } = { head: '' }] = withCredentials.server.arrivals;
      holds('the password is in no request line', !head.split('\r\n')[0]?.includes('hush-hush'), head);

      for (const host of LOCALHOSTS) {
        const backend = await lab.http(host === '[::1]' ? { host: '::1' } : {}).catch(() => undefined);
        if (!backend) continue; // a machine without IPv6
        await delivers(lab, `http://${host}:${backend.server.tcp.port}`, () => backend.took.size > 0);
      }
    },
  },
  {
    id: 'Q7',
    title: 'environment variables that are wrong: the default and one warning each; empty ones: as if unset',
    signals: 'first',
    inChildren: true,
    applies: always,
    async run(lab) {
      const { environment = {}, receiver } = lab.check;
      const program = `
        const problems = [];
        const oc = open({ on: {}, delivery: { metricsEveryMs: undefined }, onError: ({ severity, message }) => problems.push([severity, message]) });
        say(problems);
        await oc.shutdown({ withinMs: 20 });`;
      const ofCore = { OTEL_METRIC_EXPORT_INTERVAL: 'NaN', OTEL_TRACES_SAMPLER: 'now and then' };
      const wrong = { ...environment, ...ofCore };
      const empty = Object.fromEntries(Object.keys(wrong).map((name) => [name, '']));
      const { code, said } = await lab.run(program, { env: wrong });
      same('a program with wrong variables', code, 0);
      const problems = said[0] as readonly [string, string][];
      same(
        'severities',
        problems.map(([severity]) => severity),
        problems.map(() => 'warning'),
      );
      const toldOf = Object.keys(wrong).filter(
        (name) => problems.filter(([, message]) => message.includes(name)).length === 1,
      );
      same('variables that have one warning', toldOf, Object.keys(wrong));
      same('warnings with empty variables', (await lab.run(program, { env: empty })).said[0], []);
      if (receiver.transport === 'http') {
        const error = await thrownBy(() => lab.make({ url: 7 as never }));
        same('a wrong option in code throws', (error as Error | undefined)?.name, 'ConfigError');
      }
    },
  },
  {
    id: 'Q9',
    title: "the exporter's own requests make no spans, whoever instruments them",
    signals: 'spans',
    applies: needing(overHttp),
    async run(lab) {
      const backend = await lab.http();
      const subject = lab.open(backend);
      let seen = 0;
      // What an instrumentation does: a span for each request that the process makes.
      const onRequest = (message: unknown): void => {
        const { request } = message as {
          request: { host?: string; origin?: string; getHeader?(name: string): unknown };
        };
        const host = String(request.getHeader?.('host') ?? request.origin ?? request.host);
        if (!host.includes(String(backend.server.tcp.port))) return; // of another test
        seen++;
        subject.oc.tracer.startSpan('POST').end();
      };
      const channels = ['http.client.request.start', 'undici:request:create'];
      for (const channel of channels) subscribe(channel, onRequest);
      lab.onEnd(() => channels.map((channel) => unsubscribe(channel, onRequest)));
      subject.send(3);
      await lab.settled(subject);
      holds('the request was seen', seen > 0);
      lab.accountIs(subject, 3);
      same('requests', seen, 1);
    },
  },
];

/** Claims that an exporter with such an address delivers, and shows no secret. */
async function delivers(lab: Lab, url: string, hasArrived: () => boolean): Promise<void> {
  const subject = lab.open({ url });
  subject.send(2);
  await lab.until(`what is sent to ${url.replace('hush-hush', '...')} arrives`, hasArrived);
  await lab.settled(subject);
  lab.accountIs(subject, 2);
  holds('no secret is shown', !inspect([subject.problems, subject.oc.health()], { depth: 8 }).includes('hush-hush'));
}

async function thrownBy(act: () => unknown): Promise<unknown> {
  try {
    await act();
  } catch (error) {
    return error;
  }
  return undefined;
}
