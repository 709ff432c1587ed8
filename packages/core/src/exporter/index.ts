export * from '../contract.ts';
export { deltas } from './deltas.ts';
export * from './http.ts';
export * from './options.ts';
