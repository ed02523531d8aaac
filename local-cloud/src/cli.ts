import { readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { EnrollmentGroupOptions, LocalCloud, LocalCloudOptions } from "./api.ts";
import { isIdScope } from "./dps/id-scope.ts";
import { LocalCloudError } from "./errors.ts";
import { numberedHubs } from "./hub-names.ts";
import { introduction } from "./introduction.ts";
import { startLocalCloud } from "./local-cloud.ts";
import { createLog } from "./log.ts";
import { findClash, wantedPorts } from "./ports.ts";

interface Flags {
  state: string;
  enrollmentGroup: EnrollmentGroupOptions[];
  hubs?: number;
  hub?: string[];
  idScope?: string;
  dpsPort: number;
  hubPort: number;
  servicePort: number;
  logLevel: string;
  json: boolean;
}

const EXIT = { stopped: 0, usage: 64, fault: 70, configuration: 78 };
const LOG_LEVELS = ["silent", "error", "warn", "info", "debug"];

/** Runs `cave-cloud` until it is asked to stop. @returns its exit code: 0, 64 usage, 70 fault, 78 configuration. */
export async function run(argv: string[]): Promise<number> {
  const program = createProgram();
  try {
    program.parse(argv, { from: "user" });
    const options = cloudOptions(program.opts<Flags>());
    const clash = findClash(wantedPorts(options.ports, options.hubs?.length ?? 1));
    if (clash) {
      program.error(
        `error: ${clash.options.join(" and ")} name the same port, ${clash.port}; give each its own (0 for any free one)`,
      );
    }
    return await serve(options, program.opts<Flags>().json);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.stopped : EXIT.usage;
    if (error instanceof LocalCloudError) {
      process.stderr.write(`cave-cloud: ${error.message}; ${error.remedy}\n`);
      return EXIT[error.code];
    }
    process.stderr.write(`cave-cloud: ${error instanceof Error ? error.message : error}\n`);
    return EXIT.fault;
  }
}

function cloudOptions(flags: Flags): LocalCloudOptions {
  return {
    stateDirectory: flags.state,
    enrollmentGroups: flags.enrollmentGroup,
    hubs: flags.hub ?? (flags.hubs === undefined ? undefined : numberedHubs(flags.hubs)),
    idScope: flags.idScope,
    ports: { dps: flags.dpsPort, hub: flags.hubPort, service: flags.servicePort },
    log: createLog(flags.logLevel),
  };
}

async function serve(options: LocalCloudOptions, json: boolean): Promise<number> {
  // Asked for before the start: a signal that comes during it must not leave the state folder claimed.
  const stop = stopSignal();
  const cloud = await startLocalCloud(options);
  process.stdout.write(announcement(cloud, json));
  await stop;
  await cloud.close();
  return EXIT.stopped;
}

function announcement(cloud: LocalCloud, json: boolean): string {
  return json ? `${JSON.stringify(cloud.endpoints)}\n` : introduction(cloud.endpoints, cloud.endpointsFile);
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
}

function createProgram(): Command {
  return new Command("cave-cloud")
    .description("An embedded DPS and IoT Hub on loopback: Microsoft's own SDKs connect to it unchanged.")
    .version(version())
    .option("--state <dir>", "folder for keys, device registry and endpoints.json", ".local-cloud")
    .option("--enrollment-group <id=ca.pem>", "enrolment group and its CA; repeatable", addGroup, [])
    .addOption(
      new Option("--hubs <n>", "number of linked hubs, 1 to 50; default 1")
        .argParser(parseHubs)
        .conflicts("hub"),
    )
    .option("--hub <name>", "name of a linked hub; repeatable", addHub)
    .option("--id-scope <scope>", "default: the one kept in the state folder", parseIdScope)
    .option("--dps-port <port>", "MQTT port of the DPS, 0 for any free one", parsePort, 8883)
    .option(
      "--hub-port <port>",
      "MQTT port of the hub, further hubs behind it; 0 for any free one",
      parsePort,
      8884,
    )
    .option("--service-port <port>", "HTTPS port of the service API, likewise", parsePort, 9443)
    .option("--log-level <level>", `log to standard error: ${LOG_LEVELS.join(", ")}`, parseLogLevel, "warn")
    .option("--json", "print the endpoints as JSON instead of text", false)
    .allowExcessArguments(false)
    .exitOverride();
}

function addGroup(text: string, groups: EnrollmentGroupOptions[]): EnrollmentGroupOptions[] {
  const match = /^([^=]+)=(.+)$/.exec(text);
  if (!match?.[1] || !match[2])
    throw new InvalidArgumentError("It must be ID=CA.pem, such as cheesecave-devices=root.pem.");
  return [...groups, { enrollmentGroupId: match[1], certificateFile: match[2] }];
}

function addHub(name: string, names: string[] = []): string[] {
  return [...names, name];
}

function parseIdScope(text: string): string {
  if (!isIdScope(text))
    throw new InvalidArgumentError(
      "It must be 0n and 4 to 30 letters and digits behind it, such as 0ne00123ABC.",
    );
  return text;
}

function parseHubs(text: string): number {
  const count = Number(text);
  if (!/^\d{1,2}$/.test(text) || count < 1 || count > 50)
    throw new InvalidArgumentError("It must be a number from 1 to 50.");
  return count;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65535)
    throw new InvalidArgumentError("It must be a port from 0 to 65535.");
  return port;
}

function parseLogLevel(text: string): string {
  if (!LOG_LEVELS.includes(text))
    throw new InvalidArgumentError(`It must be one of ${LOG_LEVELS.join(", ")}.`);
  return text;
}

function version(): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  return manifest.version;
}
