import type { DropReason, ExporterHealth, SignalHealth, SignalState } from '@oc/core/exporter';

/** What a state means, and how worried one should be. */
export const STATES: Readonly<
  Record<SignalState, { readonly word: string; readonly mood: 'good' | 'warn' | 'bad' | 'idle' }>
> = {
  unused: { word: 'not used', mood: 'idle' },
  idle: { word: 'idle', mood: 'good' },
  delivering: { word: 'delivering', mood: 'good' },
  retrying: { word: 'retrying', mood: 'warn' },
  paused: { word: 'paused', mood: 'bad' },
  failed: { word: 'failed', mood: 'bad' },
  closed: { word: 'closed', mood: 'idle' },
};

/** What happened to dropped items, in a few words. */
export const REASONS: Readonly<Record<DropReason, string>> = {
  'queue-full': 'the queue was full',
  rejected: 'the backend refused them',
  'too-large': 'larger than the backend takes',
  'retry-exhausted': 'they failed again and again while others passed',
  misconfigured: 'a wrong address or key',
  unconfirmed: 'they may have arrived, and must not be sent twice',
  'exporter-error': 'the exporter failed',
  'not-started': 'the exporter could not start',
  superseded: 'a newer collection took their place; totals lose nothing',
  deadline: "shutdown's time ran out",
  'after-shutdown': 'they came after shutdown',
  'process-exit': 'the process exited',
};

/** The signals that an exporter takes. */
export function signalsOf({
  spans,
  metrics,
}: ExporterHealth): readonly { readonly signal: 'spans' | 'metrics'; readonly health: SignalHealth }[] {
  return (
    [
      ['spans', spans],
      ['metrics', metrics],
    ] as const
  )
    .filter(([, { state }]) => state !== 'unused')
    .map(([signal, health]) => ({ signal, health }));
}

/** How many items of a signal were lost. What was superseded is none: its totals come with the next collection. */
export function lossesOf({ dropped }: SignalHealth): number {
  return Object.entries(dropped).reduce((sum, [reason, count]) => (reason === 'superseded' ? sum : sum + count), 0);
}

/** The first thing that is wrong with an exporter now; undefined when all is well. */
export function troubleOf(
  exporter: ExporterHealth,
): { readonly state: SignalState; readonly message: string } | undefined {
  for (const { health } of signalsOf(exporter)) {
    const { state, lastError } = health;
    if (STATES[state].mood === 'warn' || STATES[state].mood === 'bad') {
      return { state, message: lastError?.message ?? 'no reason was given' };
    }
  }
  return undefined;
}
