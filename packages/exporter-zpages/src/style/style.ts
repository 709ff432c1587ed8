import { CHARTS } from './charts.ts';
import { CONTENT } from './content.ts';
import { FRAME } from './frame.ts';
import { WATERFALL } from './waterfall.ts';

/** The style sheet of all pages. */
export const STYLE: string = [FRAME, CONTENT, WATERFALL, CHARTS].join('\n');
