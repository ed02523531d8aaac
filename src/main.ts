import { whenUnread } from "./commands/output.ts";
import { main } from "./commands/program.ts";
import { leave } from "./lib/in-kernel.ts";

// Nothing to say any more is no reason to end in the middle of something.
whenUnread(() => undefined);

// The SDK leaves timers and sockets behind that would keep the process; by now everything has been stopped.
await leave(await main(process.argv.slice(2)));
