import { outcomeOf } from './command.ts';
import { debianFile, foundInDebian, installDebian, missingDebian } from './debian.ts';
import type { PageJudge } from './page-judge.ts';
import type { Receiver } from './receiver.ts';

export const promtool: Receiver<undefined, PageJudge> = {
  name: 'promtool',
  proves: 'promtool of Prometheus (Debian): the grammar and the conventions of text pages, not of OpenMetrics',
  install: installDebian,
  missing: missingDebian,
  found: () => foundInDebian('prometheus'),
  async start() {
    const command = await debianFile('usr/bin/promtool');
    return {
      async complaints(page) {
        const { code, stdout, stderr } = await outcomeOf(command, ['check', 'metrics'], { input: page });
        const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line !== '');
        return code === 0 ? [] : lines;
      },
      async stop() {},
    };
  },
};
