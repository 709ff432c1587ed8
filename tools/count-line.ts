import type { Reporter, SerializedError, TestCase, TestModule, TestSuite } from 'vitest/node';
import { commandFor, leftOutBy } from './receivers/left-out.ts';

/**
 * Prints what was skipped and why, which proofs were left out for want of a receiver and how to add them, and one plain
 * closing line that CI reads: 'N passed, N failed'.
 */
export default class CountLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: string): TestCase[] => tests.filter((test) => test.result().state === state);
    // Files that could not be loaded, and files and groups of tests with a hook that failed.
    const groups = modules.flatMap((module): (TestModule | TestSuite)[] => [module, ...module.children.allSuites()]);
    const failed = inState('failed').length + groups.filter(isBroken).length + errors.length;
    const lines = linesOf(inState('skipped'));
    // At exit, so that it comes after every other reporter's summary.
    process.once('exit', () => {
      for (const line of lines) console.log(line);
      console.log(`${inState('passed').length} passed, ${failed} failed`);
    });
  }
}

function isBroken(group: TestModule | TestSuite): boolean {
  return group.errors().length > 0;
}

function linesOf(skipped: readonly TestCase[]): string[] {
  const lines: string[] = [];
  const leftOut = new Map<string, { readonly reason: string; tests: number }>();
  for (const test of skipped) {
    const note = noteOf(test);
    const receiver = leftOutBy(note);
    if (!receiver) lines.push(`skipped: ${test.fullName}: ${note}`);
    else {
      const counted = leftOut.get(receiver.name) ?? { reason: receiver.reason, tests: 0 };
      counted.tests += 1;
      leftOut.set(receiver.name, counted);
    }
  }
  for (const [name, { reason, tests }] of leftOut) lines.push(`left out: ${tests} tests with ${name}: ${reason}`);
  if (leftOut.size > 0) lines.push(`${commandFor([...leftOut.keys()])} adds them`);
  return lines;
}

function noteOf(test: TestCase): string {
  const result = test.result();
  const note = result.state === 'skipped' ? result.note : undefined;
  if (note !== undefined) return note;
  for (let group = test.parent; ; group = group.parent) {
    if (isBroken(group)) return 'what comes before it failed';
    if (group.type === 'module') return 'no reason given';
  }
}
