import { debianFile, foundInDebian, installDebian, missingDebian } from './debian.ts';
import { onFreePorts } from './ports.ts';
import { answers, launch } from './program.ts';
import type { Receiver, Stoppable } from './receiver.ts';

/** A Pushgateway. */
export interface Pushgateway extends Stoppable {
  readonly origin: string;
  /** All groups, as its API gives them: labels, times of pushes, and the families by their names. */
  groups(): Promise<readonly PushedGroup[]>;
}

/** What was pushed under one set of grouping labels. */
export interface PushedGroup {
  readonly labels: Readonly<Record<string, string>>;
  readonly [family: string]: unknown;
}

export const pushgateway: Receiver<undefined, Pushgateway> = {
  name: 'pushgateway',
  proves: 'Pushgateway (Debian): pages that are pushed, replaced and deleted',
  install: installDebian,
  missing: missingDebian,
  found: () => foundInDebian('prometheus-pushgateway'),
  async start() {
    const command = await debianFile('usr/bin/prometheus-pushgateway');
    return await onFreePorts(1, async ([port]) => {
      const origin = `http://127.0.0.1:${port}`;
      const program = await launch({
        name: 'pushgateway',
        command,
        args: () => [`--web.listen-address=127.0.0.1:${port}`, '--log.level=warn'],
        ready: (_, signal) => answers(`${origin}/-/ready`, signal),
      });
      return {
        origin,
        async groups() {
          const answer = await fetch(`${origin}/api/v1/metrics`);
          return ((await answer.json()) as { data: PushedGroup[] }).data;
        },
        stop: program.stop,
      };
    });
  },
};
