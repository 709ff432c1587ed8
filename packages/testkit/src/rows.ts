import type { Row } from './row.ts';
import { ABSENT } from './rows/absent.ts';
import { ANSWERS } from './rows/answers.ts';
import { DATA } from './rows/data.ts';
import { LIFE } from './rows/life.ts';
import { NETWORK } from './rows/network.ts';
import { ORACLE } from './rows/oracle.ts';
import { QUEUE } from './rows/queue.ts';

/** All rows: those of networks, answers, life, data and queues, then those that wait. */
export const ROWS: readonly Row[] = [...NETWORK, ...ANSWERS, ...LIFE, ...DATA, ...QUEUE, ...ORACLE, ...ABSENT];
