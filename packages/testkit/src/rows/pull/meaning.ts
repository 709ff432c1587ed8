/** Rows of exporters that send which have a meaning for what is read as well. */
const READABLE: ReadonlySet<string> = new Set(
  'V1 V2 V3 V4 V4-metrics V5 V6 V7 V8 V8-metrics V12 V13 V14 V-kinds'.split(' '),
);

/** Why a row that speaks of no transport has no meaning for an exporter that is read; true if it has. */
export function meaningOfPull(id: string, hasItems: boolean): true | string {
  if (id === 'Q7') return true;
  if (READABLE.has(id)) return hasItems || 'what it shows is for people: its receiver has no `items`';
  return 'it is read, and sends nothing';
}
