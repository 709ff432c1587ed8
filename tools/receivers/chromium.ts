import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { programOf, run } from './command.ts';
import { judged } from './debian.ts';
import type { Receiver, Stoppable } from './receiver.ts';
import { VERSIONS } from './versions.ts';

/** A browser without a window. */
export interface Chromium extends Stoppable {
  /** Opens pages, with a profile of its own: `const page = await browser().context.newPage()`. */
  readonly context: BrowserContext;
}

const INSTALL = ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', 'chromium'];

export const chromium: Receiver<undefined, Chromium> = {
  name: 'chromium',
  proves: 'Chromium (Debian), driven by playwright-core: pages as a person sees them',
  // Too much of the system belongs to a browser for unpacking it into the cache folder.
  async install() {
    if (programOf('chromium')) return;
    if (process.getuid?.() !== 0) throw new Error(`only root may install it: sudo apt-get ${INSTALL.join(' ')}`);
    // Killed half-way, dpkg wants to be told to go on; apt-get must not be killed with us, but may with the machine.
    const alone = { env: { DEBIAN_FRONTEND: 'noninteractive' }, outlives: true };
    await run('dpkg', ['--configure', '-a'], alone);
    await run('apt-get', ['update'], alone);
    await run('apt-get', INSTALL, alone);
  },
  async missing() {
    return programOf('chromium') ? undefined : 'it is not installed';
  },
  async found() {
    const version = await run(programOf('chromium') ?? '', ['--version']); // Chromium 156.0.8078.79 built on Debian
    return judged(/[\d.]+/.exec(version)?.[0] ?? version, VERSIONS.chromium);
  },
  async start() {
    const playwright = await import('playwright-core');
    const profile = await mkdtemp(join(tmpdir(), 'oc-chromium-'));
    const context = await playwright.chromium.launchPersistentContext(profile, {
      executablePath: programOf('chromium') ?? '',
      headless: true,
      chromiumSandbox: false, // root, and containers, have none
      // Nothing that would call home.
      args: [
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-domain-reliability',
        '--disable-gpu',
        '--disable-quic',
        '--disable-sync',
        '--no-first-run',
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
      ],
    });
    return {
      context,
      async stop() {
        await context.close();
        await rm(profile, { recursive: true, force: true });
      },
    };
  },
};
