import type { SpanOptions } from '@oc/core';
import { same } from '../claim.ts';
import type { Lab } from '../lab.ts';
import type { Item } from '../receiver.ts';
import type { Subject, SubjectOptions } from '../subject.ts';

/** Records spans as an application does, and reads back what arrived. */
export async function arrivedFrom(
  lab: Lab,
  act: (subject: Subject) => void,
  options: SubjectOptions = {},
): Promise<{ items: readonly Item[]; subject: Subject }> {
  const backend = await lab.backend();
  const subject = lab.open(backend, options);
  act(subject);
  await subject.oc.flush({ withinMs: 4_000 });
  await lab.settled(subject);
  return { items: backend.items, subject };
}

/** One span with such attributes, as it arrived. */
export async function spanWith(lab: Lab, attributes: object, name = 'x', more: SpanOptions = {}): Promise<Item> {
  const { items } = await arrivedFrom(lab, ({ oc }) => {
    oc.tracer.startSpan(name, { parent: null, ...more, attributes: attributes as Record<string, unknown> }).end();
  });
  same('items that arrived', items.length, 1);
  return items[0] as Item;
}

/** Text of what a format made of a value: many have only text. */
export function textIn(item: Item, key: string): string | undefined {
  const value = Object.hasOwn(item.attributes, key) ? item.attributes[key] : undefined;
  return value === undefined ? undefined : typeof value === 'object' ? JSON.stringify(value) : String(value);
}
