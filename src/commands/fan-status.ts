import type { LineFacts } from "../fan/driver.ts";
import { type InspectParts, inspectFan } from "../fan/inspect.ts";
import type { HealthDocument } from "../health/document.ts";
import type { FanChoice } from "./fan-choice.ts";

/** What `cave-agent fan status --json` says. */
export interface FanStatus {
  /** Who says so: the agent that has the fan, or the line itself. */
  by: "agent" | "line";
  driver: string | null;
  detail: string;
  /** `unknown`: it cannot be read without touching the line. */
  state: "on" | "off" | "failed" | "unknown";
  /** Who holds the line; null if nobody does, or it cannot be told. */
  holder: string | null;
  fault: string | null;
}

export function statusByAgent({ driver, detail, state, fault }: HealthDocument["fan"]): FanStatus {
  return { by: "agent", driver, detail, state, holder: "cave-agent", fault };
}

/** How the fan is, without touching it. Rejects with `FAN_FAILED` if its line cannot be looked at. */
export async function statusByLine(
  { fan, sensorSource }: FanChoice,
  parts: Omit<InspectParts, "sensorSource">,
): Promise<FanStatus> {
  const found = await inspectFan(fan, { ...parts, sensorSource });
  const common = { by: "line", driver: found.name, fault: null } as const;
  if (!("fan" in found)) return { ...common, detail: found.why, state: "unknown", holder: null };
  const { where, consumer } = found.fan;
  const detail = `${where}; ${found.why}`;
  return { ...common, detail, state: stateOf(found.fan), holder: consumer ?? null };
}

function stateOf({ direction, on }: LineFacts): FanStatus["state"] {
  // An input drives nothing: what the fan does is up to its wiring.
  if (direction !== "output" || on === undefined) return "unknown";
  return on ? "on" : "off";
}

/** For people, lines without line ends. */
export function describeFanStatus({ by, driver, detail, state, holder, fault }: FanStatus): string[] {
  const who = by === "agent" ? "the running agent says so" : holder ? `held by ${holder}` : "nobody holds it";
  return [`the fan is ${state} (${who})`, `${driver ?? "no driver"}: ${detail}`, ...(fault ? [fault] : [])];
}
