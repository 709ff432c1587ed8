import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';

/** Prints what was skipped and why, and one plain closing line that CI reads: 'N passed, N failed'. */
export default class CountLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: string): TestCase[] => tests.filter((test) => test.result().state === state);
    const brokenFiles = modules.filter((module) => module.errors().length > 0).length;
    const failed = inState('failed').length + brokenFiles + errors.length;
    const skipped = inState('skipped').map((test) => {
      const result = test.result();
      const reason = result.state === 'skipped' ? result.note : undefined;
      return `skipped: ${test.fullName}: ${reason ?? 'no reason given'}`;
    });
    // At exit, so that it comes after every other reporter's summary.
    process.once('exit', () => {
      for (const line of skipped) console.log(line);
      console.log(`${inState('passed').length} passed, ${failed} failed`);
    });
  }
}
