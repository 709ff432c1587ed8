import { stats, telemetry } from '@oc/core';
import { expect, test } from 'vitest';

test('the tags of the current context can be read, across awaits too', async () => {
  const oc = telemetry({ flushOn: [] });
  for (const each of [stats, oc.stats]) {
    expect(each.tags()).toEqual({});
    await each.withTags({ tenant: 'acme' }, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      each.withTags({ method: 'GET' }, () => expect(each.tags()).toEqual({ tenant: 'acme', method: 'GET' }));
      expect(each.tags()).toEqual({ tenant: 'acme' });
    });
  }
  await oc.shutdown();
});
