import { count, distribution, lastValue, measure, sum, view } from '@oc/core';
import { holds, same } from '../claim.ts';
import type { Row } from '../row.ts';
import { arrivedFrom, textIn } from './recorded.ts';

/** What spans and metrics are: their names, times, ids and kinds. */
export const MODEL: readonly Row[] = [
  {
    id: 'V7',
    title: 'metrics and labels whose names differ in a dot or underscore only: both arrive, whole',
    signals: 'metrics',
    applies: () => true,
    async run(lab) {
      const names = ['testkit/a.b', 'testkit/a_b'];
      const measures = names.map((name) => measure({ name }));
      const views = measures.map((each) => view({ measure: each, aggregation: sum(), tagKeys: ['id', 'l.x', 'l_x'] }));
      const { items } = await arrivedFrom(
        lab,
        ({ oc }) => {
          for (const [i, each] of measures.entries())
            oc.stats.record([[each, i + 1]], { id: `of${i}`, 'l.x': 'dot', l_x: 'low' });
        },
        { views },
      );
      const rows = items.filter(({ id }) => id.startsWith('of'));
      same('rows and values', rows.map(({ id, value }) => [id, Number(value)]).sort(), [
        ['of0', 1],
        ['of1', 2],
      ]);
      same('different names', new Set(rows.map(({ name }) => name)).size, 2);
      for (const { attributes } of rows) {
        const labels = Object.values(attributes).map(String);
        holds('both labels arrive', labels.includes('dot') && labels.includes('low'), attributes);
      }
    },
  },
  {
    id: 'V11',
    title:
      'an end before the start, 1970, the year 9999, a wall clock that jumps: no negative duration, no wrong number',
    signals: 'spans',
    applies: () => true,
    async run(lab) {
      const clock = lab.stopTime();
      const backend = await lab.backend();
      const { oc, ...subject } = lab.open(backend);
      const times = [
        [1_000_000, 0],
        [0, 0],
        [0, 1],
        [Date.UTC(9999, 11, 31), Date.UTC(9999, 11, 31) + 5],
        [Number.NaN, Number.NaN],
        [-5, -10],
      ] as const;
      for (const [at, [start, end]] of times.entries())
        oc.tracer.startSpan(`given${at}`, { parent: null, start }).end(end);
      const span = oc.tracer.startSpan('jump', { parent: null });
      await lab.pass(1_500);
      clock.wallOffsetMs -= 3_600_000;
      await lab.pass(500);
      span.end();
      await lab.until(
        'all arrive',
        () => backend.items.length === times.length + 1,
        () => subject,
      );
      for (const { name, start, end } of backend.items) {
        for (const time of [start, end]) {
          holds(
            `a time of ${name} is a whole number from 0`,
            time === undefined || (Number.isInteger(time) && time >= 0),
            time,
          );
        }
        if (start !== undefined && end !== undefined) holds(`${name} ends after its start`, end >= start, [start, end]);
      }
      const jump = backend.items.find(({ name }) => name === 'jump');
      if (jump?.start !== undefined && jump.end !== undefined)
        same('a duration over a jump', jump.end - jump.start, 2_000_000);
    },
  },
  {
    id: 'V13',
    title: 'an array or object that changes after the end, shared by several spans: what was at the time arrives',
    signals: 'spans',
    applies: () => true,
    async run(lab) {
      const list = ['before'];
      const object = { text: 'before' };
      const { items } = await arrivedFrom(lab, ({ oc }) => {
        for (const name of ['x', 'y']) {
          const span = oc.tracer.startSpan(name, { parent: null, attributes: { list, object } });
          span.end();
          span.setAttribute('late', 'late');
        }
        list.push('after');
        list[0] = 'changed';
        object.text = 'after';
      });
      for (const item of items) {
        const seen = ['list', 'object', 'late'].map((key) => textIn(item, key));
        same(`what arrived of ${item.name}`, seen, ['["before"]', '{"text":"before"}', undefined]);
      }
    },
  },
  {
    id: 'V14',
    title: 'ids that are zero, short, in capitals or no text, in parents and links: mended or dropped, never sent',
    signals: 'spans',
    applies: () => true,
    async run(lab) {
      const ids = ['0'.repeat(32), 'abc', 'G'.repeat(32), '', 7, undefined];
      const capitals = { traceId: 'ABCDEF0123456789ABCDEF0123456789', spanId: 'ABCDEF0123456789', sampled: true };
      const { items } = await arrivedFrom(lab, ({ oc }) => {
        const contexts = [
          ...ids.map((id) => ({ traceId: id, spanId: String(id).slice(0, 16), sampled: true })),
          capitals,
        ];
        for (const context of contexts)
          oc.tracer
            .startSpan('x', { parent: context as never })
            .link(context as never)
            .end();
      });
      same('spans that arrived', items.length, ids.length + 1);
      for (const { id, traceId, parentId } of items) {
        holds('a span id is 16 lower-case digits', /^(?!0+$)[0-9a-f]{16}$/.test(id), id);
        holds(
          'a trace id is 32 lower-case digits',
          traceId === undefined || /^(?!0+$)[0-9a-f]{32}$/.test(traceId),
          traceId,
        );
        holds(
          'a parent id is 16 lower-case digits',
          parentId === undefined || /^(?!0+$)[0-9a-f]{16}$/.test(parentId),
          parentId,
        );
      }
    },
  },
  {
    id: 'V-kinds',
    title:
      'each kind of metric: gauge, count, sum, distribution with and without bounds: nothing is lost, no row twice',
    signals: 'metrics',
    applies: () => true,
    async run(lab) {
      const taken = measure({ name: 'testkit/kinds', unit: 'ms' });
      const aggregations = {
        count: count(),
        sum: sum(),
        lastValue: lastValue(),
        distribution: distribution([1, 10]),
        bare: distribution([]),
      };
      const views = Object.entries(aggregations).map(([name, aggregation]) =>
        view({ name: `testkit/${name}`, measure: taken, aggregation, tagKeys: ['id'] }),
      );
      const { items, subject } = await arrivedFrom(
        lab,
        ({ oc }) => {
          for (const value of [0.5, 5, 50]) oc.stats.record([[taken, value]], { id: 'v' });
          oc.stats.record([[taken, 5]], {});
        },
        { views },
      );
      lab.accountIs(subject, 2 * views.length);
      same('metrics that arrived', new Set(items.map(({ name }) => name)).size, views.length);
    },
  },
];
