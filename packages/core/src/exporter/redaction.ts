const QUOTED_CHARACTERS = 200;
const SHORTEST_SECRET = 4;

/** All in a URL and in headers that must be shown to nobody but the backend: what `redacted` takes out. */
export function secretsOf(url: URL, headers: Readonly<Record<string, string>>): readonly string[] {
  const ofQuery = url.search.split(/[?&=]/).flatMap((part) => [part, decoded(part)]);
  const ofUser = [url.username, url.password, decoded(url.username), decoded(url.password)];
  return [...ofUser, ...ofQuery, ...Object.values(headers).flatMap(partsOf)];
}

/** A header's value, and what follows its scheme: of 'Bearer abc' the 'abc' too. */
export function partsOf(value: string): readonly string[] {
  return [value, ...value.split(' ').slice(1)];
}

/** What a part of a URL stands for; a lone '%' is meant as it stands. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Makes text of others fit for one line of a log: no control characters, no secret, at most 200 characters. */
export function redacted(text: string, secrets: readonly string[]): string {
  const long = secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .sort((one, other) => other.length - one.length);
  return long
    .reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, QUOTED_CHARACTERS)
    .toWellFormed();
}
