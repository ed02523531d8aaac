import { type AgentError, isAborted, isAgentError, messageOf } from "../errors.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { withDeadline } from "../lib/deadline.ts";
import { everyPeriod } from "../lib/periodic.ts";
import type { OpenI2cAdapter } from "../sensor/i2c-bus.ts";
import { openSensor } from "../sensor/open.ts";
import { EXIT } from "./exit.ts";
import { type Output, standardOutput } from "./output.ts";
import { describeAnswer } from "./read-answer.ts";
import { chooseSensor, type ReadChoice, type ReadChoiceOptions } from "./read-choice.ts";
import { readOrAsk } from "./read-source.ts";

/** What to read, and how to say it. */
export interface ReadOptions extends ReadChoiceOptions {
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
  let chosen: ReadChoice;
  try {
    chosen = chooseSensor(options, environment);
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
