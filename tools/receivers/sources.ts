/** A file of this folder; what is compiled runs in dist/, one below it. */
export function sourceOf(name: string): URL {
  return new URL(import.meta.url.endsWith('.ts') ? name : `../${name}`, import.meta.url);
}
