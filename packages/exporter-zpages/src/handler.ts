import type { IncomingMessage, ServerResponse } from 'node:http';
import { SCRIPT } from './browser/script.ts';
import { HEADERS, isOwnForm, refusalOf } from './gate.ts';
import { textOf } from './html.ts';
import type { Live } from './live.ts';
import type { Page, PageMaker } from './page.ts';
import { exportersPage } from './pages/exporters.ts';
import { bodyOf, documentOf, ICON } from './pages/layout.ts';
import { namesPage } from './pages/names.ts';
import { overviewPage } from './pages/overview.ts';
import { rpcsPage } from './pages/rpcs.ts';
import { samplingPage } from './pages/sampling.ts';
import { statsPage } from './pages/stats.ts';
import { tracePage } from './pages/trace.ts';
import { traceListPage } from './pages/traces.ts';
import { samplerOf } from './sampling.ts';
import type { Site } from './site.ts';
import { STYLE } from './style/style.ts';

const PAGES: Readonly<Record<string, PageMaker>> = {
  '': overviewPage,
  tracez: (site, query) => {
    if (query.has('traceid')) return tracePage(site, query);
    const isByName = query.get('show') === 'names' || query.has('zspanname') || query.has('tracename');
    return isByName ? namesPage(site, query) : traceListPage(site, query);
  },
  statsz: statsPage,
  rpcz: rpcsPage,
  exporterz: exportersPage,
  traceconfigz: samplingPage,
};

const ASSETS: Readonly<Record<string, { readonly type: string; readonly text: string }>> = {
  'zpages.js': { type: 'text/javascript; charset=utf-8', text: SCRIPT },
  'zpages.css': { type: 'text/css; charset=utf-8', text: STYLE },
  'zpages.svg': { type: 'image/svg+xml', text: ICON },
};

/** What answering needs. */
export interface Answering {
  readonly allowedHosts: readonly string[];
  readonly live: Live;
  /** Undefined before the telemetry has started, and after its shutdown. */
  site(): Site | undefined;
}

/** Answers one request; the last part of its path names the page, so that the pages may be mounted anywhere. Never rejects. */
export async function answer(
  { allowedHosts, live, site: siteNow }: Answering,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const refusal = refusalOf(request, allowedHosts);
    if (refusal) return plain(response, refusal.status, refusal.message);
    const [path = '', search = ''] = splitAt(request.url ?? '/', '?');
    const name = path.slice(path.lastIndexOf('/') + 1);
    const query = new URLSearchParams(search);
    const { method = '' } = request;
    const isForm = method === 'POST' && name === 'traceconfigz' && siteNow()?.token !== undefined;
    if (method !== 'GET' && method !== 'HEAD' && !isForm) {
      return plain(response, 405, 'These pages are read, with GET.', { allow: 'GET, HEAD' });
    }
    const asset = Object.hasOwn(ASSETS, name) ? ASSETS[name] : undefined;
    if (asset) return send(response, 200, asset.type, asset.text);
    const maker = Object.hasOwn(PAGES, name) ? PAGES[name] : undefined;
    if (!maker) return plain(response, 404, 'There is no such page.');
    const mounted = (request as { originalUrl?: unknown }).originalUrl;
    if (name === '' && typeof mounted === 'string' && !splitAt(mounted, '?')[0]?.endsWith('/')) {
      // Mounted at `/debug` and asked for just that: relative links need the slash.
      const [, last = ''] = /([^/?]*)(?:\?|$)/.exec(mounted) ?? [];
      return plain(response, 308, 'The pages are below.', { location: `./${last}/` });
    }
    const site = siteNow();
    if (!site) return plain(response, 503, 'The telemetry of this process is not running.');
    if (isForm) return await change(site, request, response);
    await show(site, live, maker, query, request, response);
  } catch {
    // A page must not break the application, and its error could tell what is nobody's business.
    if (!response.headersSent) plain(response, 500, 'This page could not be made.');
    else response.destroy();
  }
}

async function show(
  site: Site,
  live: Live,
  maker: PageMaker,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const format = query.get('format') ?? formatOf(request.headers.accept ?? '');
  if (format === 'events' && request.method === 'GET') {
    const render = async (): Promise<string> => textOf(bodyOf(site, await maker(site, query)));
    if (!live.follow(response, render)) plain(response, 503, 'Too many pages are open.');
    return;
  }
  const page: Page = await maker(site, query);
  const { status = 200 } = page;
  if (format === 'json') return send(response, status, 'application/json; charset=utf-8', jsonOf(page.json()));
  if (format === 'text' && page.text) return send(response, status, 'text/plain; charset=utf-8', page.text());
  send(response, status, 'text/html; charset=utf-8', documentOf(site, page));
}

function formatOf(accept: string): string {
  if (/text\/event-stream/.test(accept)) return 'events';
  return /application\/json/.test(accept) && !/text\/html/.test(accept) ? 'json' : 'html';
}

/** JSON; numbers that it cannot say, such as NaN, as text. */
function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_, item) => (typeof item === 'number' && !Number.isFinite(item) ? String(item) : item));
}

const LONGEST_FORM = 4_096;

async function change(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!isOwnForm(request)) return plain(response, 403, 'The sampler is changed by the form on this page only.');
  let body = '';
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > LONGEST_FORM) return plain(response, 400, 'The form is too long.');
  }
  const form = new URLSearchParams(body);
  if (!isSame(form.get('token') ?? '', site.token ?? '')) {
    return plain(response, 403, 'The form is out of date: open the page again.');
  }
  const sampler = samplerOf(form, site.firstSampler);
  if (sampler) site.source.sampling.set(sampler);
  plain(response, 303, 'Seen.', { location: `traceconfigz?${sampler ? 'changed' : 'wrong'}=1` });
}

/** Takes as long for a wrong token as for the right one, so that nobody can guess it digit by digit. */
function isSame(given: string, token: string): boolean {
  let difference = given.length ^ token.length;
  for (let at = 0; at < token.length; at++)
    difference |= token.charCodeAt(at) ^ given.charCodeAt(at % (given.length || 1));
  return token !== '' && difference === 0;
}

function plain(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  send(response, status, 'text/plain; charset=utf-8', `${text}\n`, headers);
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  text: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    ...HEADERS,
    ...headers,
    'content-type': type,
    'content-length': Buffer.byteLength(text),
  });
  response.end(text); // Node leaves the body away when it was HEAD
}

function splitAt(text: string, mark: string): readonly string[] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
