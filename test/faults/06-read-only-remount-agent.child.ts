import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { startCloud } from "../support/rig.ts";
import { startWith } from "./agents.ts";
import { BRISK, moreSamples, mountState, ON, statusOf, toldOfMemory } from "./disk-agent.ts";
import { assertSoundEnd } from "./ending.ts";
import { fanOf } from "./fan-calls.ts";
import { openLedger } from "./ledger.ts";
import { play } from "./scenario.ts";

/** The kernel finds an error in the file system under a running agent and makes it read-only for good. */
await play(async (t) => {
  const rig = await startCloud(t);
  const ledger = openLedger(rig);
  const image = join(rig.folder, "ext4");
  execFileSync("truncate", ["-s", "24m", image]);
  execFileSync("mkfs.ext4", ["-q", "-e", "remount-ro", image]);
  const state = mountState(t, rig, "-o", "loop", image);
  const agent = await startWith(t, rig, BRISK);
  await agent.logged("online");
  assert.equal((await fanOf(rig, agent).call(ON)).status, 200);
  await rig.cloud.hub.stop();
  await moreSamples(rig, agent);

  const device = execFileSync("findmnt", ["-n", "-o", "SOURCE", state]).toString().trim();
  writeFileSync(join("/sys/fs/ext4", basename(device), "trigger_fs_error"), "a test");
  await toldOfMemory(agent, "condition-raised");
  await moreSamples(rig, agent);
  assert.equal((await statusOf(rig)).fan.state, "on");

  // Nothing can be kept any more; what is delivered need not be.
  await rig.cloud.hub.start();
  await assertSoundEnd(rig, agent, ledger);
});
