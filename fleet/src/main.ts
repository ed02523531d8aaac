import { runFleet } from "./program.ts";

// Whoever reads our output may stop early (`| head`): that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

// scripts/start.mjs becomes this program, and says in place of its path what was typed.
const caller = process.argv[1] === "npm start" ? "npm start --" : undefined;
process.exitCode = await runFleet(process.argv.slice(2), caller);
