import type { Clock } from './clock.ts';
import { suppressed } from './context.ts';

/** What an exporter gets to settle a call after its signal was aborted. */
const GRACE_MS = 250;

/** How a call failed. */
export interface Failure {
  readonly error: unknown;
}

/** Who hears of a call's end. */
export interface CallListener {
  /** Once: the call has settled, or was given up. */
  settled(failure: Failure | undefined): void;
  /** The call did not settle although it was aborted; it is given up. */
  abandoned(): void;
  /** A call that was given up has settled after all. */
  returned(): void;
}

/** Makes one call of an exporter, untraced: aborts it at its deadline, and gives it up when it does not heed that. */
export function makeCall(
  call: () => Promise<void>,
  { clock, exporter }: { readonly clock: Clock; readonly exporter: string },
  deadlineMs: number,
  controller: AbortController,
  listener: CallListener,
): void {
  let cancelGrace: (() => void) | undefined;
  let isSettled = false;
  const cancelDeadline = clock.after(deadlineMs, () => controller.abort(abortError('no answer within its deadline')));
  const settle = (failure: Failure | undefined): void => {
    cancelDeadline();
    cancelGrace?.();
    if (isSettled) return;
    isSettled = true;
    listener.settled(failure);
  };
  controller.signal.addEventListener('abort', () => {
    cancelGrace = clock.after(GRACE_MS, () => {
      listener.abandoned();
      const late = new Error(`${exporter}: a call did not settle within ${GRACE_MS} ms of its abort`);
      settle({ error: Object.assign(late, { failure: 'unavailable' }) });
    });
  });
  const end = (failure?: Failure): void => {
    if (isSettled) listener.returned();
    settle(failure);
  };
  try {
    Promise.resolve(suppressed(call)).then(
      () => end(),
      (error) => end({ error }),
    );
  } catch (error) {
    end({ error });
  }
}

/** What a call's signal is aborted with: its message becomes the reason in the exporter's own error. */
export function abortError(message: string): Error {
  return Object.assign(new Error(message), { name: 'AbortError' });
}
