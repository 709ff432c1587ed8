import { AsyncLocalStorage } from 'node:async_hooks';
import type { Span } from './span.ts';

/** Stands in place of a span where nothing is traced. */
export const SUPPRESSED: unique symbol = Symbol('suppressed');

const store = new AsyncLocalStorage<Span | typeof SUPPRESSED>();

/** The current span, or the mark that nothing is traced here. */
export function active(): Span | typeof SUPPRESSED | undefined {
  return store.getStore();
}

/** Runs `fn` with `span` as the current span; where nothing is traced, that stays so. */
export function runWith<T>(span: Span, fn: (span: Span) => T): T {
  return store.getStore() === SUPPRESSED ? fn(span) : store.run(span, fn, span);
}

interface OtelContext {
  setValue(key: symbol, value: unknown): OtelContext;
}
interface OtelContextManager {
  active(): OtelContext;
  with<T>(context: OtelContext, fn: () => T): T;
}

/**
 * Runs `fn` untraced, so that exporting makes no spans that are exported in turn. OpenTelemetry's instrumentations are
 * told too when its API is in the process: it keeps its context manager and its key under well-known symbols.
 */
export function suppressed<T>(fn: () => T): T {
  const api = (globalThis as Record<symbol, { context?: OtelContextManager } | undefined>)[
    Symbol.for('opentelemetry.js.api.1')
  ];
  const otel = api?.context;
  if (!otel) return store.run(SUPPRESSED, fn);
  const key = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
  return otel.with(otel.active().setValue(key, true), () => store.run(SUPPRESSED, fn));
}
