import { readFileSync } from 'node:fs';
import ts from 'typescript';

/** Modules of this folder as children run them, in one: those come first that others import. */
export function moduleText(...names: readonly string[]): string {
  const texts = names.map((name) => readFileSync(new URL(name, import.meta.url), 'utf8'));
  const alone = texts.map((text) => text.replaceAll(/^import .* from '\.\/.*';$/gm, ''));
  return ts.transpile(alone.join('\n'), { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 });
}
