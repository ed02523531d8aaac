import { existsSync } from "node:fs";
import { devNull } from "node:os";
import { type Config, configError } from "../config.ts";
import { type AgentError, isAborted, isAgentError, messageOf } from "../errors.ts";
import { salvageConfiguration } from "../health/doctor/salvage.ts";
import { statusSocketOf } from "../health/socket-path.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { withDeadline } from "../lib/deadline.ts";
import { everyPeriod } from "../lib/periodic.ts";
import type { OpenI2cAdapter } from "../sensor/i2c-bus.ts";
import { openSensor, type SensorConfig } from "../sensor/open.ts";
import { EXIT } from "./exit.ts";
import { type Output, standardOutput } from "./output.ts";
import { describeAnswer } from "./read-answer.ts";
import { readOrAsk } from "./read-source.ts";

/** What to read, and how to say it. */
export interface ReadOptions {
  /** The configuration, TOML. Undefined: `usualFile` if it is there, else the defaults. */
  file: string | undefined;
  usualFile: string;
  /** Take the place of what the configuration says; whoever gives one wants the real sensor. */
  bus: number | undefined;
  address: SensorConfig["address"] | undefined;
  /** Again and again, at `sensor.readEvery`, until `signal` aborts. */
  watch: boolean;
  json: boolean;
  signal: AbortSignal;
}

/** The world around it; the real one if left out. */
export interface ReadParts {
  output?: Output;
  clock?: Clock;
  openAdapter?: OpenI2cAdapter;
  environment?: Record<string, string | undefined>;
}

const DEADLINE = {
  after: 10_000,
  code: "SENSOR_TIMEOUT",
  awaiting: "the sensor",
  remedy: "check the bus; cave-agent doctor does",
};

/**
 * `cave-agent read`: reads the sensor once, or at its interval, for people and programs. It needs the sensor's part of a
 * configuration only, or none at all. A chip obeys one master: while an agent runs with this configuration, its newest
 * reading is shown and the chip is left alone. Resolves to the exit code: 0 if there was a reading or the watching was
 * ended, 70 if there was none, 78 if the configuration cannot be used.
 */
export async function read(options: ReadOptions, parts: ReadParts = {}): Promise<number> {
  const { output = standardOutput, clock = systemClock, environment = process.env } = parts;
  const complain = (error: AgentError) => output.complain(`${error.message}\n${error.remedy}\n`);
  let chosen: Chosen;
  try {
    chosen = choose(options, environment);
  } catch (error) {
    if (!isAgentError(error)) throw error;
    complain(error);
    return EXIT.configuration;
  }
  const sensor = openSensor(chosen.sensor, chosen.config.simulation, {
    clock,
    fanOn: () => false,
    openAdapter: parts.openAdapter,
    onSimulated: (error) => {
      const remedy = isAgentError(error) ? `${error.remedy}\n` : "";
      output.complain(`no sensor answers: ${messageOf(error)}\n${remedy}`);
    },
    answered: { read: async () => undefined, write: async () => undefined },
  });

  /** The fault that was told last, until there is a reading again: its remedy is not repeated. */
  let told: string | undefined;

  async function tell(signal: AbortSignal): Promise<number> {
    try {
      const work = (each: AbortSignal) => readOrAsk({ ...chosen, sensor, clock }, each);
      const answer = await withDeadline(work, DEADLINE, clock, signal);
      output.say(`${options.json ? JSON.stringify(answer) : describeAnswer(answer, clock.now())}\n`);
      told = undefined;
      return EXIT.stopped;
    } catch (error) {
      if (!isAgentError(error)) throw error;
      if (error.message === told) output.complain(`${error.message}\n`);
      else complain(error);
      told = error.message;
      return EXIT.fault;
    }
  }

  try {
    if (!options.watch) return await tell(options.signal);
    const { readEvery } = chosen.config.sensor;
    await everyPeriod(
      () => readEvery,
      async (each) => void (await tell(each)),
      clock,
      options.signal,
    );
    return EXIT.stopped;
  } catch (error) {
    if (isAborted(error)) return options.watch ? EXIT.stopped : EXIT.fault;
    throw error;
  } finally {
    await sensor.close();
  }
}

const isNeeded = (key: string) => /^(sensor|simulation|status|state)\./.test(key);

/** What concerns the sensor of all that is wrong. */
function refusal(error: AgentError | undefined, file: string): AgentError {
  const lines = error?.message.split("\n") ?? [];
  const concerning = lines.filter(isNeeded);
  const message = (concerning.length > 0 ? concerning : lines).join("\n");
  const remedy = file === devNull ? "correct the environment" : (error?.remedy ?? `correct ${file}`);
  return configError(message, remedy, error);
}

/** What is read, and whom it may already be read by. */
interface Chosen {
  config: Config;
  sensor: SensorConfig;
  socket: string | undefined;
  isNamed: boolean;
}

/** Only the sensor's part of the configuration must be right: an installer reads before there is an identity. */
function choose(options: ReadOptions, environment: Record<string, string | undefined>): Chosen {
  const { usualFile, bus, address } = options;
  const file = options.file ?? (existsSync(usualFile) ? usualFile : devNull);
  const { config, error, broken } = salvageConfiguration(file, environment);
  if (!config || [...broken].some(isNeeded)) throw refusal(error, file);
  const isNamed = bus !== undefined || address !== undefined;
  const sensor: SensorConfig = {
    ...config.sensor,
    ...(isNamed && { source: "sht31" }),
    ...(bus !== undefined && { bus }),
    ...(address !== undefined && { address }),
    heater: "off",
  };
  const isElsewhere = sensor.bus !== config.sensor.bus;
  return { config, sensor, socket: isElsewhere ? undefined : statusSocketOf(config), isNamed };
}
