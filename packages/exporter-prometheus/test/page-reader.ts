/** A line of a page: a sample. */
export interface ReadSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
}

/** The samples of a page in text 0.0.4. Throws for a line that is neither a sample nor HELP or TYPE. */
export function samplesOf(page: string): readonly ReadSample[] {
  if (page !== '' && !page.endsWith('\n')) throw new Error('the last line has no end');
  return page.split('\n').flatMap((line) => {
    if (line === '' || /^# (HELP|TYPE) [a-zA-Z_]\w* /.test(line)) return [];
    const [, name, labels = '', value] = /^([a-zA-Z_]\w*)(?:\{(.*)\})? (\S+)(?: \d+)?$/s.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new Error(`no sample: ${line}`);
    return [{ name, labels: labelsOf(labels), value }];
  });
}

function labelsOf(text: string): Readonly<Record<string, string>> {
  const pair = /(?:^|,)([a-zA-Z_]\w*)="((?:[^"\\]|\\[\\n"])*)"/gsy;
  const labels: Record<string, string> = {};
  let end = 0;
  for (const [whole, name = '', value = ''] of text.matchAll(pair)) {
    end += whole.length;
    if (Object.hasOwn(labels, name)) throw new Error(`the label ${name} comes twice: ${text}`);
    labels[name] = value.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
  }
  if (end !== text.length) throw new Error(`no labels: ${text.slice(end)}`);
  return labels;
}
