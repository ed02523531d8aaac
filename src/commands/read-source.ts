import { AgentError, isAgentError } from "../errors.ts";
import { askStatus } from "../health/client.ts";
import type { StatusDocument } from "../health/status.ts";
import type { Clock } from "../lib/clock.ts";
import type { Sensor } from "../sensor/sensor.ts";
import type { ReadAnswer } from "./read-answer.ts";

export interface SourceParts {
  /** Of an agent that may be reading the same sensor; undefined: none can. */
  socket: string | undefined;
  /** Whether a person has said where the real sensor is: a simulated reading is then no answer. */
  isNamed: boolean;
  sensor: Sensor;
  clock: Clock;
}

/**
 * One reading: the running agent's newest if it reads this sensor, else one of our own. Two who talk to one chip would
 * spoil each other's conversions. Rejects with an AgentError if there is none.
 */
export async function readOrAsk(
  { socket, isNamed, sensor, clock }: SourceParts,
  signal: AbortSignal,
): Promise<ReadAnswer> {
  const document = socket === undefined ? undefined : await askRunning(socket);
  if (document && !(isNamed && document.sensor.source === "simulated")) return answerOf(document);
  const reading = await sensor.read(signal);
  const { serial } = sensor.describe();
  return {
    ...reading,
    temperature: toHundredths(reading.temperature),
    humidity: toHundredths(reading.humidity),
    ...(serial !== undefined && { serial }),
    readAt: new Date(clock.now()).toISOString(),
    by: "read",
  };
}

async function askRunning(socket: string): Promise<StatusDocument | undefined> {
  try {
    return await askStatus(socket, 3000);
  } catch (error) {
    if (isAgentError(error) && error.code === "AGENT_NOT_RUNNING") return undefined;
    throw error;
  }
}

function answerOf({ sensor, reading }: StatusDocument): ReadAnswer {
  if (!reading || sensor.fault !== null) {
    throw new AgentError(`the running agent has no reading: ${sensor.fault ?? "it has just started"}`, {
      code: "SENSOR_FAULT",
      retryable: true,
      remedy: "look at: cave-agent status; or stop the agent and read again",
    });
  }
  const { serial, quality } = sensor;
  const heated = quality === "heated" && { heated: true as const };
  return { ...reading, ...heated, ...(serial !== undefined && { serial }), quality, by: "agent" };
}

function toHundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
