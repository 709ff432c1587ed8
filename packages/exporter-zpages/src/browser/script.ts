import { keyboard } from './keyboard.ts';
import { liveUpdates } from './live-updates.ts';
import { morph } from './morph.ts';

// These functions run in the browser: their text is sent, so they use nothing from outside of them.

/** The script of all pages. Without it they are the same, but for what changes while one looks at them. */
export const SCRIPT: string = `'use strict';
const morph = ${morph};
(${liveUpdates})(morph);
(${keyboard})();
`;
