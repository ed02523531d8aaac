import { runFleet } from "./program.ts";

// Whoever reads our output may stop early (`| head`): that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

process.exitCode = await runFleet(process.argv.slice(2));
