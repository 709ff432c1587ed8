import type { IncomingMessage } from 'node:http';

/** Why a request is refused. */
export interface Refusal {
  readonly status: 400 | 403 | 404 | 405;
  readonly message: string;
}

/** The headers of every answer: nothing of others runs, frames, caches or reads it. */
export const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'same-origin', // with 'no-referrer' Chromium would post the form with `Origin: null`
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/**
 * Who may come in: the browser of somebody who typed one of our names, or followed a link. A page of another site can
 * reach a server on the loopback address too; by a name of its own that leads here (DNS rebinding) it could even read.
 */
export function refusalOf(request: IncomingMessage, allowedHosts: readonly string[]): Refusal | undefined {
  const { headers, url = '' } = request;
  // An absolute URL would name a second host; `//x` is one in disguise.
  if (!url.startsWith('/') || url.startsWith('//')) return { status: 400, message: 'The address makes no sense.' };
  const host = hostnameOf(headers.host ?? '');
  if (host === undefined || !allowedHosts.includes(host)) {
    return { status: 403, message: 'These pages answer to the names in the option allowedHosts only.' };
  }
  const site = headers['sec-fetch-site'];
  const isNavigation = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  const isOwn = site === undefined || site === 'same-origin' || site === 'none';
  if (!isOwn && !(isNavigation && request.method === 'GET')) {
    return { status: 403, message: 'These pages do not answer to other sites.' };
  }
  return undefined;
}

/** Whether a form was sent by a page of ours: browsers name the origin with every POST. */
export function isOwnForm({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  if (origin !== undefined) return origin === `http://${host}` || origin === `https://${host}`;
  return headers['sec-fetch-site'] === 'same-origin';
}

/** 'localhost' of 'LOCALHOST:55679', '[::1]' of '[::1]:55679'; undefined for what is no Host. */
function hostnameOf(host: string): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/.exec(host.toLowerCase())?.[1];
}
