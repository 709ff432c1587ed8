import { inspect } from 'node:util';
import { holds, same, thrownBy } from '../claim.ts';
import type { HttpBackend } from '../http-backend.ts';
import type { Item } from '../receiver.ts';
import { needing, overHttp, type Row, taking } from '../row.ts';
import { answering } from '../servers/http.ts';
import { textIn } from './recorded.ts';

/** What must not get out, and what must not get in with it. */
export const SECRETS: readonly Row[] = [
  {
    id: 'V8',
    title: 'line breaks in names, attributes, service: carried as text, one request stays one request',
    signals: 'spans',
    applies: () => true,
    async run(lab) {
      const smuggled = '\r\nx-smuggled: yes\r\n\r\nPOST /smuggled HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n';
      const backend = await lab.backend();
      const subject = lab.open(backend, { service: `service${smuggled}` });
      subject.oc.tracer
        .startSpan(`x${smuggled}`, { parent: null, attributes: { [`k${smuggled}`]: `v${smuggled}` } })
        .end();
      await subject.oc.flush({ withinMs: 3_000 });
      await lab.settled(subject);
      same(
        'items that arrived',
        backend.items.map(({ name }) => name),
        [`x${smuggled}`],
      );
      same('the attribute', textIn(backend.items[0] as Item, `k${smuggled}`), `v${smuggled}`);
      if ('server' in backend) {
        const { arrivals } = (backend as HttpBackend).server;
        const lines = arrivals.flatMap(({ head }) => head.split(/[\r\n]+/));
        same(
          'lines of heads that texts have made',
          lines.filter((line) => /^(POST \/smuggled|x-smuggled)/i.test(line)),
          [],
        );
        same('requests', arrivals.length, 1);
      }
    },
  },
  {
    id: 'V8-keys',
    title: 'a line break in a key or token: a ConfigError when the exporter is made, without the value',
    signals: 'first',
    applies: needing(overHttp, taking('secret')),
    async run(lab) {
      const { target } = await lab.http();
      for (const [what, end] of Object.entries({
        'a line break and a header "x-admin: yes"': '\r\nx-admin: yes',
        'the character NUL': '\u0000',
        'a line break at its end': '\n',
      })) {
        const error = await thrownBy(() => lab.make({ ...target, secret: `hush-hush${end}` }));
        same(`what is thrown for a key with ${what}`, (error as Error | undefined)?.name, 'ConfigError');
        holds(`the key with ${what} is not shown`, !inspect(error).includes('hush-hush'));
      }
    },
  },
  {
    id: 'V10',
    title: 'a token in a header, a password in the URL: in no report, error, cause, health or inspection',
    signals: 'first',
    applies: needing(overHttp, taking('secret')),
    async run(lab) {
      lab.stopTime();
      const [secret, password] = ['token-9f8e7d6c5b', 'pa55word-1a2b'];
      const behaviours = [
        (backend: HttpBackend) => {
          // It repeats all that it was sent.
          backend.server.behave = { act: (arrival) => arrival.answer({ status: 400, body: arrival.head }) };
        },
        (backend: HttpBackend) => {
          backend.server.behave = {
            act: (arrival) => arrival.answer({ status: 403, body: `${secret} is no key of shop:${password}` }),
          };
        },
        (backend: HttpBackend) => {
          const location = `http://127.0.0.1:9/${password}?key=${secret}`;
          backend.server.behave = answering({ status: 302, headers: { location } });
        },
        (backend: HttpBackend) => {
          backend.server.behave = { act: (arrival) => arrival.reset() };
        },
      ];
      for (const behave of behaviours) {
        const backend = await lab.http();
        behave(backend);
        const url = `http://shop:${password}@127.0.0.1:${backend.server.tcp.port}`;
        const exporter = lab.make({ url, secret });
        const subject = lab.open({ url, secret }, { delivery: { batchItems: 1 } });
        subject.send(2);
        await lab.until('it is told', () => subject.messages.length > 0 || subject.account().lastError !== undefined);
        const sent = backend.server.arrivals[0]?.head ?? '';
        holds('the backend itself is shown the token', sent.includes(secret), sent);
        const shown = inspect([subject.problems, subject.oc.health(), exporter], {
          depth: 12,
          showHidden: true,
          getters: true,
        });
        const base64 = btoa(`shop:${password}`);
        same(
          'secrets that are shown',
          [secret, password, base64].filter((each) => shown.includes(each)),
          [],
        );
      }
    },
  },
];
