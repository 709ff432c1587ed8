// Times the import of one file in a process that has loaded nothing else, and prints the milliseconds as JSON.
const [file = ''] = process.argv.slice(2);
// Not by `performance`, which Node loads when it is first touched: who uses it at import pays for it.
const start = process.hrtime.bigint();
await import(file);
const value = Number(process.hrtime.bigint() - start) / 1e6;
process.stdout.write(`\n${JSON.stringify({ value })}\n`, () => process.exit());

export {}; // makes it a module, for `await`
