import { ExportError, type Exporter } from '@oc/core/exporter';

const ROUND_MS = 90_000;
const DOWN_AFTER_MS = 40_000;
const UP_AGAIN_AFTER_MS = 65_000;

/**
 * Stands for a backend that is down for a while now and then. The page Exporters shows what becomes of the spans: they
 * wait, and arrive when it is back.
 */
export function archive(): Exporter {
  const opened = performance.now();
  return {
    name: 'archive',
    async exportSpans() {
      const at = (performance.now() - opened) % ROUND_MS;
      if (at > DOWN_AFTER_MS && at < UP_AGAIN_AFTER_MS) {
        throw new ExportError('unavailable', 'archive: closed for stocktaking, as always');
      }
    },
  };
}
