import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { askStatus } from "#agent/health/client.js";
import type { StatusDocument } from "#agent/health/status.js";
import { defer, type Scope } from "../support/cleanup.ts";
import type { AgentRig, CloudRig } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { QUIET } from "./fan-calls.ts";

/** A cave that asks nothing of its fan, and an agent that is quick about all else. */
export const BRISK = {
  ...QUIET,
  "outbox.syncEvery": "500ms",
  "hub.retryAfter": "200ms",
  "hub.retryAtMost": "1s",
};

/** Longer than a test. */
export const ON = { state: "on", minutes: 30 } as const;

export function stateOf(rig: CloudRig): string {
  return join(rig.folder, "cave-01.state");
}

export function statusOf(rig: CloudRig, socket = join(stateOf(rig), "status.sock")): Promise<StatusDocument> {
  return askStatus(socket);
}

/** Waits until so many more samples were taken; the number of the last. */
export async function moreSamples(
  rig: CloudRig,
  agent: AgentRig,
  count = 2,
  socket?: string,
): Promise<number> {
  const { lastSequence } = (await statusOf(rig, socket)).outbox;
  return until(
    `${count} more samples`,
    async () => {
      const now = (await statusOf(rig, socket)).outbox.lastSequence;
      return now >= lastSequence + count && now;
    },
    { onTimeout: agent.output },
  );
}

/** Waits until the agent tells that the disk cannot be used, or that it can again. */
export async function toldOfMemory(
  agent: AgentRig,
  event: "condition-raised" | "condition-cleared",
  after = 0,
): Promise<void> {
  await until(
    `${event} OUTBOX_IN_MEMORY`,
    () => agent.lines.slice(after).some((line) => line.event === event && line.code === "OUTBOX_IN_MEMORY"),
    { onTimeout: agent.output },
  );
}

/** Mounts something on the state directory of cave-01, for as long as the scenario lasts. */
export function mountState(t: Scope, rig: CloudRig, ...words: string[]): string {
  const state = stateOf(rig);
  mkdirSync(state, { mode: 0o700 });
  execFileSync("mount", [...words, state]);
  defer(t, () => execFileSync("umount", ["--lazy", state]));
  return state;
}
