import { Command, CommanderError } from "commander";
import { type Config, loadConfig } from "../config.ts";
import { isAgentError } from "../errors.ts";
import { loadIdentity, readTrustedCa } from "../hub/identity.ts";
import { VERSION } from "../lib/package.ts";
import { EXIT } from "./exit.ts";
import { run } from "./run.ts";

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
      code = await withConfig(file, async (config) => {
        const { deviceId } = loadIdentity(config.device);
        readTrustedCa(config.tls.trustedCaFile);
        process.stdout.write(`${file}: ok, for ${deviceId}\n`);
        return EXIT.stopped;
      });
    });
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.stopped : EXIT.usage;
  }
  return code;
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
