import { join } from "node:path";
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { type Config, loadConfig } from "../config.ts";
import { parseBus, parseSensorAddress } from "../config-formats.ts";
import { isAgentError, messageOf } from "../errors.ts";
import { type Line, parseLine } from "../fan/line.ts";
import { statusSocketOf } from "../health/socket-path.ts";
import { type KeptAssignment, parseAssignment } from "../hub/assignment.ts";
import { VERSION } from "../lib/package.ts";
import { createStateFile } from "../lib/state-file.ts";
import { configCheck } from "./config-check.ts";
import { doctor } from "./doctor.ts";
import { EXIT } from "./exit.ts";
import { FAN_ACTIONS, type FanOptions, fan } from "./fan.ts";
import { whenUnread } from "./output.ts";
import { type ReadOptions, read } from "./read.ts";
import { status } from "./status.ts";

const DEFAULT_CONFIG = "/etc/cave-agent/config.toml";

/** Says with which exit code a command has ended. */
type End = (code: number) => void;

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
  for (const add of [addRun, addConfigCheck, addStatus, addDoctor, addRead, addFan]) {
    add(program, (ended) => {
      code = ended;
    });
  }
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.stopped : EXIT.usage;
    process.stderr.write(`cave-agent: ${messageOf(error)}\n`);
    return EXIT.fault;
  }
  return code;
}

function addRun(program: Command, end: End): void {
  program
    .command("run")
    .description("run the daemon until SIGTERM or SIGINT")
    .addOption(configOption("needed"))
    .action(async ({ config }: { config: string }) => {
      // All others do without the cloud's SDK: on a small gateway it takes seconds to load, and `fan safe` is in a hurry.
      const { run } = await import("./run.ts");
      end(await withConfig(config, run));
    });
}

function addConfigCheck(program: Command, end: End): void {
  program
    .command("config")
    .description("look after the configuration")
    .command("check")
    .description("say whether a configuration is usable, without starting")
    .argument("[file]", "configuration (TOML)", notEmpty("the file"), DEFAULT_CONFIG)
    .action(async (file: string) => {
      const named = "as the argument: cave-agent config check FILE";
      end(await withConfig(file, (config) => configCheck(file, config), named));
    });
}

function addStatus(program: Command, end: End): void {
  program
    .command("status")
    .description("ask the running agent how it is")
    .addOption(configOption("needed"))
    .option("--json", "for programs", false)
    .action(async ({ config, json }: { config: string; json: boolean }) => {
      const ask = (loaded: Config) =>
        status({ socket: statusSocketOf(loaded), stateDirectory: loaded.state.directory, json });
      end(await withConfig(config, ask));
    });
}

interface DoctorArguments extends Partial<Pick<ReadOptions, "bus">>, Partial<Pick<FanOptions, "line">> {
  config?: string;
  json: boolean;
}

function addDoctor(program: Command, end: End): void {
  program
    .command("doctor")
    .description(
      "check everything that the agent needs, by itself; while none runs it connects to the hub for a moment, and asks " +
        "the DPS for one if none is kept; sensor and GPIO also without a configuration",
    )
    .addOption(configOption("not needed"))
    .option(
      "--bus <bus>",
      "another I2C bus of an SHT31 than the configured one: 1 or /dev/i2c-1",
      busArgument,
    )
    .option(
      "--line <line>",
      "another line than the fan's configured one: GPIO17 or chip-label:17",
      lineArgument,
    )
    .option("--json", "for programs", false)
    .action(async ({ config, ...given }: DoctorArguments) => {
      end(await doctor({ file: config, usualFile: DEFAULT_CONFIG, ...given, keptAssignment }));
    });
}

interface ReadArguments extends Partial<Pick<ReadOptions, "bus" | "address">> {
  config?: string;
  watch: boolean;
  json: boolean;
}

function addRead(program: Command, end: End): void {
  program
    .command("read")
    .description("read the sensor, with or without a configuration or a running agent")
    .addOption(configOption("not needed"))
    .option("--bus <bus>", "I2C bus of an SHT31: 1 or /dev/i2c-1", busArgument)
    .option("--address <address>", "its address: 0x44, 0x45 or auto", addressArgument)
    .option("--watch", "again and again, until Ctrl-C", false)
    .option("--json", "for programs: one line a reading", false)
    .action(async ({ config, bus, address, watch, json }: ReadArguments) => {
      const signal = untilStopped();
      end(await read({ file: config, usualFile: DEFAULT_CONFIG, bus, address, watch, json, signal }));
    });
}

interface FanArguments extends Partial<Pick<FanOptions, "line" | "driver">> {
  config?: string;
  activeLow: boolean;
  json: boolean;
}

function addFan(program: Command, end: End): void {
  program
    .command("fan")
    .description(
      "switch the fan by hand while no agent runs; safe: to fan.safeState, after an agent has died",
    )
    .addArgument(new Argument("<action>").choices(FAN_ACTIONS))
    .addOption(configOption("not needed"))
    .option("--line <line>", "another line than the configured one: GPIO17 or chip-label:17", lineArgument)
    .option("--active-low", "with --line: a low level switches the fan on", false)
    .addOption(new Option("--driver <driver>", "instead of fan.driver").choices(["auto", "sysfs", "chardev"]))
    .option("--json", "for programs", false)
    .action(async (action: FanOptions["action"], { config, ...given }: FanArguments, command: Command) => {
      const { line, activeLow, driver, json } = given;
      if (activeLow && !line) {
        command.error("error: --active-low belongs to --line; of the configured line fan.activeLow tells");
      }
      const file = { file: config, usualFile: DEFAULT_CONFIG };
      end(await fan({ action, ...file, line, activeLow, driver, json, signal: untilStopped() }));
    });
}

/** Not needed: the command does without a configuration too. */
function configOption(need: "needed" | "not needed"): Option {
  const what = "configuration (TOML); each key also as CAVE_<SECTION>_<KEY>";
  const option =
    need === "needed"
      ? new Option("-c, --config <file>", what).default(DEFAULT_CONFIG)
      : new Option("-c, --config <file>", `${what}; ${DEFAULT_CONFIG} if it is there`);
  return option.argParser(notEmpty("--config"));
}

/** An empty one, of a variable that is not set, would be looked for as a file without a name. */
function notEmpty(what: string): (text: string) => string {
  return (text) => {
    if (text.trim() !== "") return text;
    throw new InvalidArgumentError(`${what} cannot be empty: name a file, or leave it out.`);
  };
}

function lineArgument(text: string): Line {
  const line = parseLine(text);
  if (line === undefined) throw new InvalidArgumentError("Allowed are GPIO0 to GPIO45, or chip-label:17.");
  return line;
}

function busArgument(text: string): number {
  const bus = parseBus(/^\d+$/.test(text) ? Number(text) : text);
  if (bus === undefined)
    throw new InvalidArgumentError('Allowed are 0 to 255, or a file such as "/dev/i2c-1".');
  return bus;
}

function addressArgument(text: string): "auto" | number {
  const address = parseSensorAddress(text);
  if (address === undefined) throw new InvalidArgumentError("Allowed are 0x44, 0x45 and auto.");
  return address;
}

function untilStopped(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
  whenUnread(() => stop.abort());
  return stop.signal;
}

function keptAssignment({ state }: Config): Promise<KeptAssignment | undefined> {
  const file = createStateFile(join(state.directory, "assignment.json"), parseAssignment, {
    onFault: () => undefined,
  });
  return file.read();
}

async function withConfig(
  file: string,
  act: (config: Config) => Promise<number>,
  named?: string,
): Promise<number> {
  try {
    return await act(loadConfig(file, process.env, named));
  } catch (error) {
    if (!isAgentError(error)) throw error;
    process.stderr.write(`${error.message}\n${error.remedy}\n`);
    return EXIT.configuration;
  }
}
