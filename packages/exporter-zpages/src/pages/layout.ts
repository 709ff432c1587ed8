import type { ExporterHealth } from '@oc/core/exporter';
import { counted } from '../figures.ts';
import { type Html, html, link, textOf } from '../html.ts';
import { type Page, SECTIONS, type Section } from '../page.ts';
import type { Site } from '../site.ts';
import { troubleOf } from './health.ts';

/** A whole document. */
export function documentOf(site: Site, page: Page): string {
  const service = serviceOf(site);
  return `<!doctype html>\n${textOf(html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${page.title} · ${service}</title>
<link rel="icon" href="zpages.svg" type="image/svg+xml">
<link rel="stylesheet" href="zpages.css">
<script src="zpages.js" defer></script>
</head>
<body>${bodyOf(site, page)}</body>
</html>`)}\n`;
}

/** What changes while one looks at it; sent whole, and the script changes what differs. */
export function bodyOf(site: Site, page: Page): Html {
  const trouble = site.source.health().filter((health) => troubleOf(health) !== undefined);
  return html`
<a class="skip" href="#main">Skip to content</a>
<header class="top">
  <a class="brand" href="./">${LOGO}<span>${serviceOf(site)}</span></a>
  <nav class="sections" aria-label="Pages"><ul>${(Object.keys(SECTIONS) as Section[]).map((section) => {
    const current = section === page.section ? html` aria-current="page"` : null;
    const badge = section === 'exporterz' && trouble.length > 0 ? badgeOf(trouble) : null;
    return html`<li><a href="${link(section)}"${current}>${SECTIONS[section]}${badge}</a></li>`;
  })}</ul></nav>
  <button id="live" class="pulse" type="button" data-keep aria-pressed="true" title="Live updates (space)">Live</button>
</header>
<main id="main" tabindex="-1">${part(() => page.main())}</main>
<div id="keys" data-keep></div>`;
}

/** A part of a page; when it cannot be made, the rest of the page is still there, and says so. */
export function part(make: () => Html): Html {
  try {
    return make();
  } catch {
    return html`<p class="note bad">This part cannot be shown: something in its data cannot be read.</p>`;
  }
}

function badgeOf(trouble: readonly ExporterHealth[]): Html {
  return html` <span class="badge bad" title="${counted(trouble.length, 'exporter')} in trouble"><span
  aria-hidden="true">${trouble.length}</span><span class="sr">, ${trouble.length} in trouble</span></span>`;
}

function serviceOf({ source }: Site): string {
  return source.resource.labels['service.name'] ?? 'unknown service';
}

const LOGO = html`<svg class="logo" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
<rect x="1" y="3" width="13" height="3.6" rx="1.8"/><rect x="5" y="8.2" width="14" height="3.6" rx="1.8"/>
<rect x="9" y="13.4" width="7" height="3.6" rx="1.8"/></svg>`;

/** The icon of the window. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20"><g fill="#5b62e0">
<rect x="1" y="3" width="13" height="3.6" rx="1.8"/><rect x="5" y="8.2" width="14" height="3.6" rx="1.8"/>
<rect x="9" y="13.4" width="7" height="3.6" rx="1.8"/></g></svg>`;
