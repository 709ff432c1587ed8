import type { TagSet } from './task.ts';

/** So many different tag sets: 10 methods, 10 statuses, and routes. */
export function tagSets(count: number): readonly TagSet[] {
  const routes = Array.from({ length: Math.ceil(count / 100) }, (_, at) => `/shop/route-${at}`);
  return routes
    .flatMap((route) =>
      Array.from({ length: 100 }, (_, at) => ({
        method: `METHOD${at % 10}`,
        route,
        status: `${200 + Math.floor(at / 10)}`,
      })),
    )
    .slice(0, count);
}
