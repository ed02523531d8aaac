import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lookAtDisk } from "#agent/health/doctor/disk.js";
import { FRAME_HEADER } from "#agent/outbox/frame.js";
import { HEADER_BYTES } from "#agent/outbox/header.js";
import { startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { startWith } from "./agents.ts";
import { leaveBacklog, oldSample } from "./backlog.ts";
import { BRISK, moreSamples, mountState, ON, statusOf, toldOfMemory } from "./disk-agent.ts";
import { assertSoundEnd } from "./ending.ts";
import { fanOf, readFanRecord } from "./fan-calls.ts";
import { openLedger } from "./ledger.ts";
import { play } from "./scenario.ts";

const SEGMENT = 1024 * 1024;
const OLD = 16;

await play(async (t) => {
  const rig = await startCloud(t);
  const ledger = openLedger(rig);
  const state = mountState(t, rig, "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs");
  await leaveFullSegment(state);
  const filler = join(state, "filler");
  assert.throws(() => writeFileSync(filler, Buffer.alloc(8 * SEGMENT)), /ENOSPC/);

  // What is not acknowledged keeps its place on the disk: the agent cannot make room by itself.
  rig.cloud.faults.hub.withholdPubacks();
  const agent = await startWith(t, rig, BRISK);
  await toldOfMemory(agent, "condition-raised");
  await agent.logged("online");
  const fan = fanOf(rig, agent);
  for (const wish of ["off", "on", "off"]) {
    assert.equal((await fan.call(wish === "on" ? ON : "off")).status, 200);
    assert.equal((await statusOf(rig)).fan.state, wish);
  }
  await moreSamples(rig, agent);
  const { cause = "" } = await agent.logged("state-fault");
  assert.match(cause, new RegExp(`^${state}/\\w+\\.json: ENOSPC`));
  const { result, remedy = "" } = await lookAtDisk(state);
  assert.match(`${result}: ${remedy}`, /^failed: make room on the disk/);

  rmSync(filler);
  await toldOfMemory(agent, "condition-cleared");
  assert.equal((await fan.call(ON)).status, 200);
  await until("the wish on disk", () => readFanRecord(rig).guard.on);
  await rig.cloud.hub.stop();
  const last = await moreSamples(rig, agent);
  await agent.stop("SIGKILL");

  rig.cloud.faults.clear();
  await rig.cloud.hub.start();
  const next = await startWith(t, rig, BRISK);
  await ledger.has(Array.from({ length: last }, (_, index) => index + 1));
  const { state: found, reason } = (await statusOf(rig)).fan;
  assert.deepEqual([found, reason], ["on", "override"]);
  await assertSoundEnd(rig, next, ledger, 2);
});

/** Samples that leave room for one more at most in their segment. */
async function leaveFullSegment(state: string): Promise<void> {
  await leaveBacklog(state, async (outbox) => {
    let room = SEGMENT - HEADER_BYTES;
    for (let number = 1; number <= OLD; number += 1) {
      const overhead = FRAME_HEADER + JSON.stringify(oldSample(number, Date.now(), "")).length;
      const share = number < OLD ? Math.floor(SEGMENT / OLD) - 300 : room;
      await outbox.append(oldSample(number, Date.now(), "x".repeat(share - overhead)));
      room -= share;
    }
  });
}
