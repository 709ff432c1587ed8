import { AssertionError } from 'node:assert/strict';
import { HARNESS, type Outcome, type ProgramOptions, Programs } from './child.ts';
import { holds } from './claim.ts';
import type { ExporterCheck, Target } from './conformance.ts';
import type { Signal } from './receiver.ts';

const LINES = 12;
/** What Node adds to an error that nobody catches, and which tells nothing of it. */
const NOISE = /^ +at .*\bnode:|^Node\.js v\d|^$/;

/** The last lines that a program wrote to stderr, set off; '' when it wrote none. */
export function lastLines({ code, signal, stderr }: Outcome): string {
  const lines = stderr.split('\n').filter((line) => !NOISE.test(line));
  if (lines.length === 0) return '';
  const head = `the last lines of its program, which ended with ${signal ?? `code ${code}`}:`;
  return [head, ...lines.slice(-LINES)].join('\n  ');
}

/** The first thing that a program told the test. @throws AssertionError when it told nothing. */
export function wordOf<T>({ said, code, signal }: Outcome): T {
  holds('the program tells the test what it has seen', said.length > 0, { code, signal });
  return said[0] as T;
}

/** By check, what keeps its program from being loaded; undefined when nothing does. */
const obstacles = new WeakMap<ExporterCheck, Promise<string | undefined>>();

/**
 * Claims that the program of an exporter can be loaded and exports `make`: else each row in programs would fail with what
 * it happens to look at first. Tried once an exporter.
 */
async function claimLoads(check: ExporterCheck, programs: Programs): Promise<void> {
  const known = obstacles.get(check) ?? obstacleOf(programs);
  obstacles.set(check, known);
  const obstacle = await known;
  if (obstacle !== undefined) throw new AssertionError({ message: `\`program\` ${obstacle}`, operator: 'claimLoads' });
}

async function obstacleOf(programs: Programs): Promise<string | undefined> {
  const outcome = await programs.run("import { make, say } from './harness.mjs'; say(typeof make); process.exit();", {
    env: { OC_TESTKIT: '{}' },
  });
  const [kind] = outcome.said;
  if (kind === 'function') return undefined;
  if (kind !== undefined) return `exports no function 'make', but ${kind}`;
  const words = lastLines(outcome) || `it ended with ${outcome.signal ?? `code ${outcome.code}`} and wrote nothing`;
  return `cannot be loaded in a process of its own (is the package built?)\n${words}`;
}

/** How a program of a row is run. */
export interface RowProgramOptions extends ProgramOptions {
  /** What it knows as `target`. */
  readonly target?: Target | undefined;
  /** What it knows as `targets`. */
  readonly targets?: unknown;
}

const NAMES = '{ make, open, record, say, point, figures, watched, signal, target, targets }';

/** The programs of one row: each has the names of the harness. Their folder is made when the first one needs it. */
export class RowPrograms {
  readonly outcomes: Outcome[] = [];
  readonly #check: ExporterCheck;
  readonly #signal: Signal;
  #made: Programs | undefined;

  constructor(check: ExporterCheck, signal: Signal) {
    this.#check = check;
    this.#signal = signal;
  }

  get #programs(): Programs {
    this.#made ??= new Programs({ 'subject.mjs': this.#check.program, 'harness.mjs': HARNESS });
    return this.#made;
  }

  /** Runs one to its end. @throws AssertionError when the exporter's `program` cannot be loaded. */
  async run(program: string, { target = {}, targets = {}, ...options }: RowProgramOptions): Promise<Outcome> {
    await claimLoads(this.#check, this.#programs);
    const isRequired = options.extension === '.cjs';
    const imports = isRequired ? `const ${NAMES} = require('./harness.mjs');` : `import ${NAMES} from './harness.mjs';`;
    const env = { ...options.env, OC_TESTKIT: JSON.stringify({ signal: this.#signal, target, targets }) };
    const outcome = await this.#programs.run(`${imports}\n${program}`, { ...options, env });
    this.outcomes.push(outcome);
    return outcome;
  }

  /** Puts a file beside them; returns its path. */
  put(name: string, content: string): string {
    return this.#programs.put(name, content);
  }

  /** Removes their folder. */
  remove(): void {
    this.#made?.remove();
  }
}
