import type { Sample } from './task.ts';

/** The span of W4. Its keys mean nothing to any mapping, and its events and link have no attributes: equal work. */
export const sample: Sample = {
  name: 'POST /checkout',
  parent: { traceId: '463ac35c9f6413ad48485a3953bb6124', spanId: 'a2fb4a1d1a96d312' },
  link: { traceId: '5759e988bd862e3fe1be46a994272793', spanId: '53995c3f42cd8ad8' },
  attributes: {
    'shop.customer': 'c-4711',
    'shop.currency': 'EUR',
    'shop.country': 'DE',
    'shop.coupon': 'SPRING-SALE',
    'shop.agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
    'cart.items': 3,
    'cart.total_cents': 129_900,
    'cart.weight_kg': 2.75,
    'cart.gift': false,
    'cart.version': 17,
  },
  events: ['cache miss', 'stock reserved'],
};
