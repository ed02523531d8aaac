import { watchOutput } from "./output.ts";
import { runFleet } from "./program.ts";
import { letGoOfLostTerminals } from "./terminal.ts";

letGoOfLostTerminals();
watchOutput();

// scripts/start.mjs becomes this program, and says in place of its path what was typed.
const caller = process.argv[1] === "npm start" ? "npm start --" : undefined;
process.exitCode = await runFleet(process.argv.slice(2), caller);
