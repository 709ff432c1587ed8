import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ExporterCheck, Programs, type Receiver, ROWS, type Row, rowsFor, runCase } from '@oc/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { check, SOUND } from './check.ts';

// What an author reads when something is wrong that a row does not look at.

/** What the row says of an exporter. */
async function messageOf(id: string, changes: Partial<ExporterCheck>): Promise<string> {
  const row = ROWS.find((each) => each.id === id);
  if (!row) throw new Error(`there is no row ${id}`);
  const checked = { ...check, ...changes };
  const failed = await runCase({ row, signal: 'spans', title: '', reason: undefined }, checked).then(
    () => expect.unreachable('it passed'),
    (error: Error) => error,
  );
  return failed.message;
}

const MAKE = 'export const make = ({ url }) => sound({ url });';

describe('a program that', () => {
  it('cannot be loaded is tried once, and each row that needs it says why', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'oc-testkit-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const tries = join(folder, 'tries');
    const checked = {
      ...check,
      program: `import { appendFileSync } from 'node:fs';
        appendFileSync(${JSON.stringify(tries)}, 'x');
        export const { make } = await import('@acme/exporter-unbuilt');`,
    };
    for (const id of ['L3', 'L10', 'N12']) {
      const row = ROWS.find((each) => each.id === id);
      const run = runCase({ row, signal: 'spans', title: '', reason: undefined } as never, checked);
      await expect(run).rejects.toThrow(
        /^`program` cannot be loaded in a process of its own .*Cannot find package '@acme\/exporter-unbuilt'/s,
      );
    }
    expect(readFileSync(tries, 'utf8')).toBe('x');
  });

  it("exports no 'make' is told so", async () => {
    const message = await messageOf('L3', { program: `${SOUND}\nexport const made = sound;` });
    expect(message).toBe("`program` exports no function 'make', but undefined");
  });

  it('fails a row shows what it wrote to stderr', async () => {
    const program = `${SOUND}\n${MAKE}\nif (JSON.parse(process.env.OC_TESTKIT).signal) throw new Error('no stock');`;
    expect(await messageOf('L3', { program })).toMatch(
      /^the exit code\n.*\nthe last lines of its program, which ended with code 1:\n.*Error: no stock\n/s,
    );
  });

  it('says nothing passes no row, though it ends well', async () => {
    const program = `${SOUND}\n${MAKE}\nexport const telemetry = () => process.exit(0);`;
    for (const id of ['N6', 'N12', 'B11', 'L10', 'Q7']) {
      expect(await messageOf(id, { program })).toMatch(/what it has seen; seen: \{"code":0,"signal":null\}/);
    }
  });
});

it.each(['http', 'grpc', 'udp', 'stream', 'pull'] as const)(
  'over %s each fault of the list has a row that runs, or that is listed with its reason',
  (transport) => {
    const receiver = { ...check.receiver, transport } as Receiver;
    const faultsOf = (rows: readonly Row[]): ReadonlySet<unknown> => new Set(rows.map(({ id }) => id.split('-')[0]));
    expect(faultsOf(rowsFor({ ...check, receiver }))).toEqual(faultsOf(ROWS));
  },
);

it('what could not be read comes before what the row claims, each reason once', async () => {
  const items = (): never => {
    throw new Error('a POST to /v1/spams');
  };
  const message = await messageOf('B2', { receiver: { ...check.receiver, transport: 'http', items } as never });
  expect(message.split('\n').slice(0, 2)).toEqual([
    expect.stringMatching(/^what came could not be read, (once|\d+ times): Error: a POST to \/v1\/spams$/),
    'the backend took each item once',
  ]);
});

it('the package that is tested is found by its name, though it is in no node_modules', async () => {
  const programs = new Programs({});
  onTestFinished(() => programs.remove());
  const { name } = JSON.parse(readFileSync('package.json', 'utf8'));
  const { stdout, stderr } = await programs.run(
    `import { createRequire } from 'node:module';
     console.log(createRequire(import.meta.url).resolve('${name}/package.json'));`,
  );
  expect({ stdout, stderr }).toEqual({ stdout: `${join(process.cwd(), 'package.json')}\n`, stderr: '' });
});
