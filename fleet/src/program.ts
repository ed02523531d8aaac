import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { addCertsCommand } from "./commands/certs.ts";
import { addInvokeCommand } from "./commands/invoke.ts";
import { addSimulateCommand } from "./commands/simulate.ts";
import { addTwinCommand } from "./commands/twin.ts";
import { addWatchCommand } from "./commands/watch.ts";
import { FleetError, messageOf } from "./errors.ts";
import { note } from "./output.ts";

const TRY_HELP = "(try --help)";
const EXIT_CODES = `
Exit codes: 0 done, 1 failed or refused, 64 wrong use, 70 fault, 78 configuration.`;

/**
 * Runs one command line.
 * @param words as typed after `cave-fleet`
 * @param caller what a person typed instead of `cave-fleet` and the command, if it was not that: `npm start --`
 * @returns the exit code
 */
export async function runFleet(words: string[], caller?: string): Promise<number> {
  const outcome = { exitCode: 0 };
  const end = (exitCode: number) => {
    outcome.exitCode = exitCode;
  };
  const program = createProgram(end, caller);
  try {
    await program.parseAsync(words, { from: "user" });
    return outcome.exitCode;
  } catch (error) {
    return report(error);
  }
}

function createProgram(end: (exitCode: number) => void, caller: string | undefined): Command {
  const program = new Command("cave-fleet")
    .description("The operator's tool for a fleet of cheese-cave gateways.")
    .version(ownVersion())
    .addHelpText("after", EXIT_CODES)
    .showSuggestionAfterError(true)
    .showHelpAfterError(TRY_HELP)
    .exitOverride();
  if (caller !== undefined) program.configureHelp({ commandUsage: () => `${caller} [options]` });
  addInvokeCommand(program, end);
  addTwinCommand(program, end);
  addWatchCommand(program, end);
  addCertsCommand(program);
  addSimulateCommand(program, end);
  return program;
}

function ownVersion(): string {
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  return version;
}

function report(error: unknown): number {
  if (error instanceof CommanderError) {
    // commander has printed its message, or the help that was asked for.
    return error.exitCode === 0 ? 0 : 64;
  }
  if (error instanceof FleetError) {
    note(`cave-fleet: ${error.message}\n  ${error.remedy}`);
    if (error.code === "USAGE") note(TRY_HELP);
    return error.exitCode;
  }
  note(
    `cave-fleet: ${messageOf(error)}\n  this is a fault of cave-fleet: please report it with the lines below`,
  );
  note(error instanceof Error ? (error.stack ?? "") : "");
  return 70;
}
