import type { LineFacts } from "../fan/driver.ts";
import { inspectFan } from "../fan/inspect.ts";
import { SYSFS_GPIO } from "../fan/sysfs.ts";
import type { Clock } from "../lib/clock.ts";
import { EXIT } from "./exit.ts";
import type { FanChoice } from "./fan-choice.ts";
import { isHeldBy, type Running } from "./fan-running.ts";
import type { Output } from "./output.ts";

export interface FanStatusWork {
  choice: FanChoice;
  running: Running;
  clock: Clock;
  output: Output;
  json: boolean;
}

/** What `cave-agent fan status --json` says. */
interface FanStatus {
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

/** How the fan is, without touching it. Rejects with `FAN_FAILED` if its line cannot be looked at. */
export async function fanStatus({ choice, running, clock, output, json }: FanStatusWork): Promise<number> {
  const status =
    isHeldBy(running) && running.is === "running" ? byAgent(running) : await byLine(choice, clock);
  output.say(json ? `${JSON.stringify(status)}\n` : `${describe(status)}\n`);
  return EXIT.stopped;
}

function byAgent({ document }: Running & { is: "running" }): FanStatus {
  const { driver, detail, state, fault } = document.fan;
  return { by: "agent", driver, detail, state, holder: "cave-agent", fault };
}

async function byLine({ fan, sensorSource }: FanChoice, clock: Clock): Promise<FanStatus> {
  const found = await inspectFan(fan, {
    sensorSource,
    clock,
    places: { sysfs: SYSFS_GPIO, devices: "/dev" },
    tools: {},
  });
  const common = { by: "line", driver: found.name, fault: null } as const;
  if (!("fan" in found)) return { ...common, detail: found.why, state: "unknown", holder: null };
  const { where, consumer } = found.fan;
  return {
    ...common,
    detail: `${where}; ${found.why}`,
    state: stateOf(found.fan),
    holder: consumer ?? null,
  };
}

function stateOf({ direction, on }: LineFacts): FanStatus["state"] {
  // An input drives nothing: what the fan does is up to its wiring.
  if (direction !== "output" || on === undefined) return "unknown";
  return on ? "on" : "off";
}

function describe({ by, driver, detail, state, holder, fault }: FanStatus): string {
  const who =
    by === "agent" ? "the running agent says" : (holder && `held by ${holder}`) || "nobody holds it";
  return [
    `the fan is ${state} (${who})`,
    `${driver ?? "no driver"}: ${detail}`,
    ...(fault ? [fault] : []),
  ].join("\n");
}
