import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startWith } from "../faults/agents.ts";
import { startAgent, startCloud } from "../support/rig.js";
import { until } from "../support/until.js";

test("two agents with one state directory: the second ends with 78 and names the first, wherever it would listen", async (t) => {
  const rig = await startCloud(t);
  const first = await startAgent(t, rig);
  await first.logged("online");
  const elsewhere = { "status.socket": join(rig.folder, "elsewhere.sock") };
  const second = await startWith(t, rig, elsewhere);
  const { cause } = await second.logged("start-failed");
  assert.match(cause ?? "", new RegExp(`cave-01\\.state: process ${first.process.pid}, for cave-01$`));
  await until("its end", () => second.process.exitCode !== null);
  assert.equal(second.process.exitCode, 78);
  assert.ok(!existsSync(elsewhere["status.socket"]));
  assert.equal((await first.stop()).code, 0);
  assert.deepEqual(
    readdirSync(join(rig.folder, "cave-01.state")).filter((name) => /lock|sock/.test(name)),
    [],
  );
});

test("two agents with one status socket: the second ends with 78", async (t) => {
  const rig = await startCloud(t);
  const socket = { "status.socket": join(rig.folder, "status.sock") };
  const first = await startWith(t, rig, socket);
  await first.logged("online");
  const second = await startWith(t, rig, socket, { deviceId: "cave-02" });
  await second.logged("start-failed");
  await until("its end", () => second.process.exitCode !== null);
  assert.equal(second.process.exitCode, 78);
});
