import type { Command } from "commander";
import { parseSimulateOptions, type SimulateWords } from "../simulate/options.ts";

const DETAILS = `
Makes throw-away certificates if there are none, starts the local cloud and one agent for each cave, and
shows them live. Ctrl-C ends all of it. With --json nothing is shown but progress on standard error, and the last
line on standard output is a summary. With --json or --for the exit code is 0 only if every cave was provisioned,
connected and answering, and no message was lost; what went wrong is told at the end.

The time of --for begins when all caves are online. They have 3 s each to come online, at least 60 s together;
after that it begins without those that are late, and these are failures.

What still waits in the outbox of a cave at the end (telemetryWaiting) is not lost: it is on disk, and is sent
at the next start on the same state folder.`;

export function addSimulateCommand(program: Command, end: (exitCode: number) => void): void {
  program
    .command("simulate")
    .description("run a cloud and its caves on this machine")
    .option("--caves <n>", "how many caves, 1 to 1000", "3")
    .option("--for <time>", "stop by itself so long after all caves are online: 30s, 5m, 2h")
    .option("--json", "unattended: a JSON summary at the end")
    .option("--state <folder>", "state folder of the local cloud and the caves", ".local-cloud")
    .option("--certs <folder>", "folder of the throw-away certificates", "certs/simulator")
    .addHelpText("after", DETAILS)
    .action(async (words: SimulateWords) => {
      const options = parseSimulateOptions(words);
      const { simulate } = await import("../simulate/simulate.ts");
      end(await simulate(options));
    });
}
