import { ConfigError, httpHeaders } from '@oc/core/exporter';

const { check } = httpHeaders();

/**
 * The headers in variables such as `api-key=abc,x-tenant=shop`, where a later variable wins. Values are percent-decoded;
 * a pair that cannot be sent is left out with a warning.
 */
export function headersIn(
  variables: readonly string[],
  isMetadata: boolean,
  warnings: Set<string>,
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const variable of variables) {
    for (const pair of (process.env[variable] ?? '').split(',')) {
      if (pair.trim() === '') continue;
      try {
        const header = headerIn(pair);
        if (isMetadata) checkMetadata(header);
        Object.assign(headers, header);
      } catch {
        // Not which: it may be a key that somebody forgot to encode.
        warnings.add(`${variable} has something that is not 'name=value' with a percent-encoded value; it is left out`);
      }
    }
  }
  return headers;
}

function headerIn(pair: string): Readonly<Record<string, string>> {
  const at = pair.indexOf('=');
  return check({ [pair.slice(0, Math.max(0, at)).trim()]: decodeURIComponent(pair.slice(at + 1).trim()) });
}

/** Checks that headers can be metadata of gRPC, which takes less than HTTP. @throws ConfigError without their values. */
export function checkMetadata(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    // Of names in -bin the values are bytes.
    if (!/^[0-9a-z_.-]+(?<!-bin)$/.test(name) || !/^[ -~]*$/.test(value)) {
      throw new ConfigError(`otlp: 'headers' has something in '${name}' that gRPC does not allow`);
    }
  }
}
