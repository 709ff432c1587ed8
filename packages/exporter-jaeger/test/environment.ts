import { onTestFinished, vi } from 'vitest';

const VARIABLES = [
  ...['ENDPOINT', 'USER', 'PASSWORD', 'AGENT_HOST', 'AGENT_PORT'].flatMap((name) => {
    return [`OTEL_EXPORTER_JAEGER_${name}`, `JAEGER_${name}`];
  }),
  'OTEL_EXPORTER_JAEGER_TIMEOUT',
  'JAEGER_REPORTER_TIMEOUT',
  'JAEGER_REPORTER_FLUSH_INTERVAL',
  'JAEGER_SERVICE_NAME',
  'JAEGER_TAGS',
];

/** Makes a test run as if nobody had set anything for Jaeger. */
export function clearVariables(): void {
  for (const name of VARIABLES) vi.stubEnv(name, '');
}

/** Sets variables until the end of the test. */
export function stubVariables(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
}
