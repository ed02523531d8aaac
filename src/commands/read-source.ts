import { AgentError, isAgentError } from "../errors.ts";
import { askStatus } from "../health/client.ts";
import type { StatusDocument } from "../health/status.ts";
import type { Clock } from "../lib/clock.ts";
import { asAddress } from "../sensor/i2c-faults.ts";
import type { Sensor } from "../sensor/sensor.ts";
import type { ReadAnswer } from "./read-answer.ts";
import type { ReadChoice } from "./read-choice.ts";

export interface SourceParts extends Pick<ReadChoice, "socket" | "isNamed" | "address"> {
  sensor: Sensor;
  clock: Clock;
}

/**
 * One reading: the running agent's newest if it reads this sensor, else one of our own. Two who talk to one chip would
 * spoil each other's conversions. Rejects with an AgentError if there is none.
 */
export async function readOrAsk(
  { socket, sensor, clock, ...meant }: SourceParts,
  signal: AbortSignal,
): Promise<ReadAnswer> {
  const document = socket === undefined ? undefined : await askRunning(socket);
  if (document && isMeant(document, meant)) return answerOf(document);
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

/** Whether what the agent reads is what a person has named; one that has yet to find its sensor may find that. */
function isMeant(
  { sensor }: StatusDocument,
  { isNamed, address }: Pick<ReadChoice, "isNamed" | "address">,
): boolean {
  if (isNamed && sensor.source === "simulated") return false;
  return address === undefined || sensor.address === undefined || sensor.address === asAddress(address);
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
