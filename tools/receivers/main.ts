// npm run receivers [-- [--list] [name…]]
import { runCli } from './cli.ts';
import { RECEIVERS } from './list.ts';

await runCli(RECEIVERS, process.argv.slice(2));
