import { run } from "./cli.ts";

// Set, not called: the process ends by itself once everything it opened is closed, and its output is written whole.
process.exitCode = await run(process.argv.slice(2));
