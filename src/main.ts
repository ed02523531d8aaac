import { main } from "./commands/program.ts";

// The SDK leaves timers and sockets behind that would keep the process; by now everything has been stopped.
process.exit(await main(process.argv.slice(2)));
