import { codeOf, messageOf } from "../errors.ts";
import type { MethodAnswer } from "../service/service.ts";
import { parseStatus } from "../service/status.ts";

/** One cave at one moment, as it is shown. Null: not known. */
export interface Row {
  cave: string;
  /** °C */
  temperature: number | null;
  /** %RH */
  humidity: number | null;
  /** True if the two numbers were not measured. */
  simulated: boolean;
  fan: string | null;
  fanReason: string | null;
  /** The agent's own word while it answers, else `offline`, `failed` or `unknown`. */
  connection: string;
  /** Messages that the hub has confirmed since the agent started. */
  acknowledged: number | null;
  /** What is wrong, in one line; empty if nothing is. */
  problem: string;
}

export function emptyRow(cave: string, connection: string, problem = ""): Row {
  const unknown = { temperature: null, humidity: null, fan: null, fanReason: null, acknowledged: null };
  return { cave, ...unknown, simulated: false, connection, problem };
}

/** What a cave answered to GetStatus. */
export function rowFromAnswer(cave: string, answer: MethodAnswer): Row {
  const status = answer.status === 200 ? parseStatus(answer.payload) : undefined;
  if (!status) return emptyRow(cave, "unknown", `answers ${answer.status} to GetStatus: not a cave agent?`);
  return {
    cave,
    temperature: status.reading?.temperature ?? null,
    humidity: status.reading?.humidity ?? null,
    simulated: status.reading?.source === "simulated",
    fan: status.fan.state,
    fanReason: status.fan.reason,
    connection: status.connection.state,
    acknowledged: status.outbox.acknowledged,
    problem: problemOf(status),
  };
}

function problemOf(status: { sensor: { state: string }; outbox: { dropped: number } }): string {
  const problems = status.sensor.state === "ok" ? [] : [`sensor ${status.sensor.state}`];
  if (status.outbox.dropped > 0) problems.push(`${status.outbox.dropped} samples dropped`);
  return problems.join(", ");
}

/** What a cave that could not be asked is shown as. */
export function rowFromError(cave: string, error: unknown): Row {
  if (codeOf(error) === "404103") return emptyRow(cave, "offline");
  return emptyRow(cave, "unknown", messageOf(error));
}
