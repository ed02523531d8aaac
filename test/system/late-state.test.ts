import assert from "node:assert/strict";
import { readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "#agent/lib/clock.js";
import { lockState } from "#agent/state/lock.js";
import { startWith } from "../faults/agents.ts";
import { defer } from "../support/cleanup.ts";
import { startCloud } from "../support/rig.js";
import { until } from "../support/until.js";

test("a state directory that somebody else has once it can be written is not written to until it is free", async (t) => {
  const rig = await startCloud(t);
  const place = join(rig.folder, "disk");
  writeFileSync(place, "");
  const socket = join(rig.folder, "status.sock");
  const agent = await startWith(t, rig, {
    "state.directory": join(place, "state"),
    "status.socket": socket,
  });
  const told = (event: string, code: string) =>
    until(`${event} ${code}`, () => agent.lines.find((line) => line.event === event && line.code === code), {
      seconds: 30,
      onTimeout: agent.output,
    });
  await told("condition-raised", "OUTBOX_IN_MEMORY");
  await told("condition-raised", "STATE_NOT_KEPT");
  // Another agent's, from the moment on that it is there.
  const elsewhere = join(rig.folder, "elsewhere");
  const other = await lockState(join(elsewhere, "state"), "process 4711, for cave-01", systemClock);
  defer(t, () => other.release());
  rmSync(place);
  renameSync(elsewhere, place);
  const { cause } = await told("condition-raised", "STATE_IN_USE");
  assert.match(cause ?? "", /process 4711, for cave-01/);
  assert.deepEqual(readdirSync(join(place, "state")), ["lock.1"]);
  rmSync(join(place, "state", "lock.1"));
  await other.release();
  await told("condition-cleared", "STATE_IN_USE");
  await told("condition-cleared", "OUTBOX_IN_MEMORY");
  assert.equal((await agent.stop()).code, 0);
  const kept = readdirSync(join(place, "state", "outbox"));
  assert.ok(
    kept.some((name) => name.endsWith(".segment")),
    String(kept),
  );
});
