import { measure, sum, view } from '@oc/core';
import { holds, same } from '../claim.ts';
import { HOSTILE_LABELS, HOSTILE_NAME } from '../hostile.ts';
import type { Row } from '../row.ts';

/** What formats of metrics must not be led astray by. */
export const TEXT: readonly Row[] = [
  {
    id: 'V8-metrics',
    title: 'line breaks, quotes and signs in names and labels of metrics: escaped or replaced, no row is made up',
    signals: 'metrics',
    applies: () => true,
    async run(lab) {
      const hostile = measure({ name: HOSTILE_NAME, description: HOSTILE_LABELS.join(), unit: '{a}"\n' });
      const views = [view({ measure: hostile, aggregation: sum(), tagKeys: ['id', HOSTILE_NAME] })];
      const backend = await lab.backend();
      const subject = lab.open(backend, { views });
      for (const [at, label] of HOSTILE_LABELS.entries()) {
        subject.oc.stats.record([[hostile, at + 1]], { id: `h${at}`, [HOSTILE_NAME]: label });
      }
      await subject.oc.flush({ withinMs: 4_000 });
      await lab.settled(subject);
      same(
        'rows and values',
        backend.items.map(({ id, value }) => [id, Number(value)]).sort(),
        HOSTILE_LABELS.map((_, at) => [`h${at}`, at + 1]).sort(),
      );
      // Text that is read back by others has rules for each of these signs.
      if (lab.check.receiver.transport !== 'pull') return;
      for (const { id, attributes } of backend.items) {
        const label = HOSTILE_LABELS[Number(id.slice(1))] ?? '';
        holds(`the label of ${id} is as it was`, Object.values(attributes).includes(label), attributes);
      }
    },
  },
];
