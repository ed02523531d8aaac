import assert from "node:assert/strict";
import { closeSync, constants, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startWith } from "../faults/agents.ts";
import { defer } from "../support/cleanup.ts";
import { makePipe } from "../support/pipe.ts";
import { startCloud } from "../support/rig.js";
import { until } from "../support/until.js";

test("state that hangs keeps the agent neither from its cave and the hub, nor from its end", async (t) => {
  const rig = await startCloud(t);
  const state = join(rig.folder, "state");
  mkdirSync(state);
  if (!makePipe(t, join(state, "fan.json"))) return;
  const agent = await startWith(t, rig, { "state.directory": state });
  const { cause } = await agent.logged("state-fault");
  assert.match(cause ?? "", /no answer within 5 s/);
  await agent.logged("fan");
  await agent.logged("online");
  await until("telemetry", () => rig.cloud.hub.telemetryCounts("cave-01").received > 2);
  const { took } = await agent.stop();
  assert.ok(took < 15_000, `${took} ms`);
  assert.equal(agent.process.signalCode, "SIGTERM", "Node's own exit would wait for what hangs");
});

/** Undefined as long as nobody has come to read. */
function writeTo(pipe: string): number | undefined {
  try {
    return openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

test("an agent that is asked to stop while it starts does not start any more", async (t) => {
  const rig = await startCloud(t);
  const state = join(rig.folder, "state");
  mkdirSync(state);
  const pipe = join(state, "device.json");
  if (!makePipe(t, pipe)) return;
  const agent = await startWith(t, rig, { "state.directory": state });
  const end = await until("the agent reads", () => writeTo(pipe), { onTimeout: agent.output });
  defer(t, () => closeSync(end));
  await agent.stop();
  assert.deepEqual(
    agent.lines.flatMap(({ event }) => event ?? []),
    ["stopping", "stop-overdue"],
  );
});

test("one whose disk answers after the stop was asked ends with 0, and has touched neither sensor nor fan", async (t) => {
  const rig = await startCloud(t);
  const state = join(rig.folder, "state");
  mkdirSync(state);
  const pipe = join(state, "fan.json");
  const held = makePipe(t, pipe);
  if (!held) return;
  const agent = await startWith(t, rig, { "state.directory": state });
  const end = await until("the agent reads", () => writeTo(pipe), { onTimeout: agent.output });
  const stopped = agent.stop();
  await agent.logged("stopping");
  writeSync(end, "null");
  closeSync(end);
  assert.equal((await stopped).code, 0);
  assert.deepEqual(
    agent.lines.flatMap(({ event }) => event ?? []),
    ["stopping"],
  );
});
