import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { JsonObject } from "#fleet/service/service.js";
import { type AgentRig, type CloudRig, startCloud } from "../support/rig.ts";
import { type Changes, startWith } from "./agents.ts";

export type FanRequest = "on" | "off" | "auto" | { state: string; minutes: number };

export interface FanRig {
  rig: CloudRig;
  agent: AgentRig;
  call(payload: FanRequest): Promise<{ status: number; payload: JsonObject }>;
  /** Where the fan went since the start of the agent, as it logged it: each change once. */
  switches(): string[];
}

/** Of itself this cave asks nothing of its fan. */
export const QUIET: Changes = { "cave.fanMode": "off" };

/** An agent that is online, in a cave that asks nothing of its fan. */
export async function startFan(t: TestContext, changes: Changes): Promise<FanRig> {
  const rig = await startCloud(t);
  const agent = await startWith(t, rig, { ...QUIET, ...changes });
  await agent.logged("online");
  return fanOf(rig, agent);
}

export function fanOf(rig: CloudRig, agent: AgentRig): FanRig {
  return {
    rig,
    agent,
    async call(payload) {
      const { status, payload: answer } = await rig.service.invoke(agent.deviceId, "SetFanState", payload);
      return { status, payload: answer as JsonObject };
    },
    switches: () =>
      agent.lines
        .filter(({ event }) => event === "fan")
        .map(({ fan }) => String(fan))
        .filter((state, index, states) => state !== states[index - 1]),
  };
}

/** What the agent has written down of the fan: where it is, and milliseconds since each switch. */
export function readFanRecord(rig: CloudRig): { guard: { on: boolean; age: number; switchAges: number[] } } {
  return JSON.parse(readFileSync(join(rig.folder, "cave-01.state", "fan.json"), "utf8"));
}
