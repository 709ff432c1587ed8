import type { Html } from './html.ts';
import type { Site } from './site.ts';

/** One page, in each of its forms; each is made when it is asked for. */
export interface Page {
  /** For the window: 'Traces'. */
  readonly title: string;
  /** The entry of the navigation that it belongs to. */
  readonly section: Section;
  main(): Html;
  /** As `?format=json`. */
  json(): unknown;
  /** As `?format=text`, where there is such a form. */
  text?(): string;
  /** 404 for a page about something that is not there (any more). */
  readonly status?: 200 | 404;
}

/** Makes a page for the parameters of a request; what makes no sense there counts as not given. */
export type PageMaker = (site: Site, query: URLSearchParams) => Promise<Page> | Page;

/** The entries of the navigation, by their paths. */
export const SECTIONS = {
  '': 'Overview',
  tracez: 'Traces',
  statsz: 'Stats',
  rpcz: 'RPCs',
  exporterz: 'Exporters',
  traceconfigz: 'Sampling',
} as const;
/** The path of one. */
export type Section = keyof typeof SECTIONS;
