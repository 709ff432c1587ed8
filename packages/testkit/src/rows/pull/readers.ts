import { holds, same } from '../../claim.ts';
import { wordOf } from '../../program.ts';
import type { Row } from '../../row.ts';
import { ended, LISTEN, OPEN, type Read, run, shows } from './program.ts';

const LONG = 64 * 1_024;

/** Requests that are none, or not for readers, and the statuses that may answer them. */
function requestsTo(
  path: string,
  pages: readonly string[],
): Readonly<Record<string, readonly [string, readonly number[]]>> {
  const whole = (line: string, rest = ''): string =>
    `${line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${rest}\r\n`;
  const wrong: readonly number[] = [400, 404, 405];
  const not = [405];
  const parameters = '?%E0%A4%A=%ZZ&zspanname=%&ztype=NaN&zsubtype=-1&path=..%2F..&name[]=';
  return {
    'no request': ['nonsense\r\n\r\n', [400]],
    'a request of binary': ['\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n', [400]],
    'an absolute URI': [whole(`GET http://localhost${path}`), [200, ...wrong]],
    'an absolute URI that is none': [whole('GET http://[::1:99999/'), wrong],
    '//': [whole('GET //'), wrong],
    '// and a host': [whole('GET //evil.test/%'), wrong],
    'a star': [whole('GET *'), wrong],
    'a broken escape': [whole('GET /%E0%A4%A'), wrong],
    'a path above the root': [whole('GET /../../etc/passwd'), wrong],
    'a URL of 64 KB': [whole(`GET /${'x'.repeat(LONG)}`), [400, 404, 414, 431]],
    'a query of 10 KB': [whole(`GET ${path}?${'x'.repeat(10_000)}`), [200, 400, 404, 414]],
    'no Host': [`GET ${path} HTTP/1.1\r\nConnection: close\r\n\r\n`, [400, 403]],
    HEAD: [whole(`HEAD ${path}`), [200]],
    OPTIONS: [whole(`OPTIONS ${path}`, 'Origin: http://evil.test\r\n'), not],
    POST: [`${whole(`POST ${path}`, 'Content-Length: 3\r\n')}a=1`, not],
    DELETE: [whole(`DELETE ${path}`), not],
    'garbage behind a request': [
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n\u0000\u0001nonsense\r\n\r\n`,
      [200, 400],
    ],
    ...Object.fromEntries(
      [path, ...pages].map((each) => [
        `wrong parameters of ${each}`,
        [whole(`GET ${each}${parameters}`), [200, 400, 404]],
      ]),
    ),
  };
}

/** Readers that are many, impatient, or none. */
export const PULL_READERS: readonly Row[] = [
  {
    id: 'P1',
    transport: 'pull',
    title: 'no request, an absolute URI, //, 64 KB of it, HEAD, OPTIONS, POST, garbage behind one: 4xx, and it lives',
    signals: 'first',
    inChildren: true,
    applies: () => true,
    async run(lab) {
      const requests = requestsTo(lab.reading.path, lab.reading.pages ?? []);
      const outcome = await run(
        lab,
        `${OPEN} const oc = open({ exporter }); ${LISTEN}
         for (const [what, [bytes]] of Object.entries(others.requests)) {
           say([what, await exchange(at, Buffer.from(bytes, 'latin1')), (await get(at, path)).status]);
         }
         await oc.shutdown();`,
        { targets: { requests } },
      );
      const said = outcome.said as readonly (readonly [string, string, number])[];
      for (const [what, answer, after] of said) {
        const statuses = [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
        const [, allowed = []] = requests[what] ?? [];
        const isFine = statuses.length > 0 && statuses.every((status) => allowed.includes(status));
        holds(`${what} is answered with ${allowed.join(' or ')}`, isFine, answer.slice(0, 300));
        holds(`${what}: other sites are allowed nothing`, !/^access-control-/im.test(answer), answer.slice(0, 500));
        if (allowed.includes(405) && allowed.length === 1)
          holds(`${what}: the answer names what is allowed`, /^allow:.*\bGET\b/im.test(answer), answer.slice(0, 500));
        if (what === 'HEAD') same('HEAD has no body', answer.split('\r\n\r\n')[1], '');
        same(`after ${what} others are served`, after, 200);
      }
      ended(outcome);
      same('requests', said.length, Object.keys(requests).length);
    },
  },
  {
    id: 'P3',
    transport: 'pull',
    title: '100 readers side by side, 40 that leave half-way: one collection for all, no socket or listener is left',
    signals: 'first',
    inChildren: true,
    applies: () => true,
    async run(lab) {
      const outcome = await run(
        lab,
        `import { readdirSync } from 'node:fs';
         ${OPEN}
         const files = () => { try { return readdirSync('/proc/self/fd').length; } catch { return 0; } };
         const turns = async (count) => { for (let at = 0; at < count; at++) await new Promise((resolve) => setImmediate(resolve)); };
         const slow = measure({ name: 'testkit/slow' });
         const oc = open({ exporter, views: [view({ measure: slow, aggregation: lastValue(), tagKeys: ['id'] })] });
         let readings = 0;
         let gate = Promise.resolve(7);
         oc.stats.observe(slow, () => { readings++; return gate; }, { id: 's0' });
         ${LISTEN}
         const first = await get(at, path);
         const before = files();
         readings = 0;
         let open_ = () => {};
         gate = new Promise((resolve) => { open_ = () => resolve(7); });
         const reads = Array.from({ length: 100 }, () => get(at, path));
         const gone = Array.from({ length: 20 }, () => leave(at, path, false));
         await turns(500);
         open_();
         const statuses = [...new Set((await Promise.all(reads)).map(({ status }) => status))];
         const shared = readings;
         await Promise.all([...gone, ...Array.from({ length: 20 }, () => leave(at, path, true))]);
         const giveUpAt = performance.now() + 5_000;
         while (files() > before && performance.now() < giveUpAt) await new Promise((resolve) => setTimeout(resolve, 10));
         say({ first, statuses, shared, left: files() - before, last: await get(at, path) });
         await oc.shutdown();`,
      );
      const { first, statuses, shared, left, last } = wordOf<{
        first: Read;
        statuses: number[];
        shared: number;
        left: number;
        last: Read;
      }>(outcome);
      ended(outcome); // a warning of too many listeners would be on stderr
      shows(lab, 'before', first, 1);
      same('statuses', statuses, [200]);
      holds('one collection is shared by all, or a few', shared <= 5, shared);
      holds('sockets that are left', left <= 0, left);
      shows(lab, 'after', last, 1);
    },
  },
];
