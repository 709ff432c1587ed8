import type { Stoppable } from './receiver.ts';

/** A program that reads a page of metrics and judges it. */
export interface PageJudge extends Stoppable {
  /** What it finds wrong with a page; nothing when the page is sound. */
  complaints(page: string): Promise<readonly string[]>;
}
