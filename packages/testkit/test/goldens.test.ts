import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { goldens } from '@oc/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkGolden } from '../src/goldens.ts';

function encode({ text }: { text: string }): unknown {
  return { upper: text.toUpperCase(), bytes: Buffer.from(text), nothing: undefined };
}

goldens(new URL('golden/', import.meta.url), encode);

describe('a golden file', () => {
  function fileWith(content: object): string {
    const folder = mkdtempSync(join(tmpdir(), 'golden-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'case.json');
    writeFileSync(file, JSON.stringify(content));
    return file;
  }

  it('that says something else makes its test fail', async () => {
    const file = fileWith({ input: { text: 'a' }, expected: { upper: 'B', bytes: ['61'] } });
    await expect(checkGolden(file, encode, false)).rejects.toThrow(/to deeply equal/);
  });

  it('without an expectation makes its test fail, and says how to get one', async () => {
    const file = fileWith({ input: { text: 'a' } });
    await expect(checkGolden(file, encode, false)).rejects.toThrow(
      "case.json has no 'expected': OC_GOLDENS=write adds it",
    );
  });

  it('is rewritten only when told to, and then passes', async () => {
    const file = fileWith({ note: 'kept', input: { text: 'a' } });
    await checkGolden(file, encode, true);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      note: 'kept',
      input: { text: 'a' },
      expected: { upper: 'A', bytes: ['61'] },
    });
    await expect(checkGolden(file, encode, false)).resolves.toBeUndefined();
  });
});
