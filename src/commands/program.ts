import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { type Config, loadConfig } from "../config.ts";
import { isAgentError, messageOf } from "../errors.ts";
import { statusSocketOf } from "../health/socket-path.ts";
import { parseAssignment } from "../hub/assignment.ts";
import { VERSION } from "../lib/package.ts";
import { createStateFile } from "../lib/state-file.ts";
import { configCheck } from "./config-check.ts";
import { doctor } from "./doctor.ts";
import { EXIT } from "./exit.ts";
import { run } from "./run.ts";
import { status } from "./status.ts";

const DEFAULT_CONFIG = "/etc/cave-agent/config.toml";

/** What a person can ask of the agent: argv (without node and script) → exit code. */
export async function main(argv: string[]): Promise<number> {
  let code: number = EXIT.stopped;
  const program = new Command("cave-agent")
    .description(
      "The device agent of a cheese-cave gateway: sensor in, fan out, Azure IoT Hub through DPS and X.509.",
    )
    .version(VERSION)
    .showHelpAfterError("(try --help)")
    .exitOverride();
  program
    .command("run")
    .description("run the daemon until SIGTERM or SIGINT")
    .option(
      "-c, --config <file>",
      "configuration (TOML); each key also as CAVE_<SECTION>_<KEY>",
      DEFAULT_CONFIG,
    )
    .action(async ({ config }: { config: string }) => {
      code = await withConfig(config, run);
    });
  program
    .command("config")
    .description("look after the configuration")
    .command("check")
    .description("say whether a configuration is usable, without starting")
    .argument("[file]", "configuration (TOML)", DEFAULT_CONFIG)
    .action(async (file: string) => {
      code = await withConfig(file, (config) => configCheck(file, config));
    });
  program
    .command("status")
    .description("ask the running agent how it is")
    .option("-c, --config <file>", "the configuration that it runs with", DEFAULT_CONFIG)
    .option("--json", "for programs", false)
    .action(async ({ config, json }: { config: string; json: boolean }) => {
      code = await withConfig(config, (loaded) => status({ socket: statusSocketOf(loaded), json }));
    });
  program
    .command("doctor")
    .description("check everything that the agent needs, by itself")
    .option("-c, --config <file>", "configuration (TOML)", DEFAULT_CONFIG)
    .option("--json", "for programs", false)
    .action(async ({ config, json }: { config: string; json: boolean }) => {
      code = await doctor({ file: config, json, cachedHub });
    });
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.stopped : EXIT.usage;
    process.stderr.write(`cave-agent: ${messageOf(error)}\n`);
    return EXIT.fault;
  }
  return code;
}

async function cachedHub({ state }: Config): Promise<string | undefined> {
  const file = createStateFile(join(state.directory, "assignment.json"), parseAssignment, () => undefined);
  return (await file.read())?.hub;
}

async function withConfig(file: string, act: (config: Config) => Promise<number>): Promise<number> {
  try {
    return await act(loadConfig(file));
  } catch (error) {
    if (!isAgentError(error)) throw error;
    process.stderr.write(`${error.message}\n${error.remedy}\n`);
    return EXIT.configuration;
  }
}
