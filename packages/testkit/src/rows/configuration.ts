import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { holds, same, thrownBy } from '../claim.ts';
import type { Lab } from '../lab.ts';
import { wordOf } from '../program.ts';
import { needing, overHttp, type Row } from '../row.ts';

/** A backend whose name resolves to each family. */
const LOCALHOSTS = ['localhost', '[::1]'];

/** Addresses, variables, and traces of our own requests. */
export const CONFIGURATION: readonly Row[] = [
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
    applies: () => true,
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
      const outcome = await lab.run(program, { env: wrong });
      same('a program with wrong variables', outcome.code, 0);
      const problems = wordOf<readonly [string, string][]>(outcome);
      same(
        'severities',
        problems.map(([severity]) => severity),
        problems.map(() => 'warning'),
      );
      const toldOf = Object.keys(wrong).filter(
        (name) => problems.filter(([, message]) => message.includes(name)).length === 1,
      );
      same('variables that have one warning', toldOf, Object.keys(wrong));
      same('warnings with empty variables', wordOf(await lab.run(program, { env: empty })), []);
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
