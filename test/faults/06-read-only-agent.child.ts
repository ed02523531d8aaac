import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { startCloud } from "../support/rig.ts";
import { getStatus } from "../support/status.ts";
import { until } from "../support/until.ts";
import { startWith } from "./agents.ts";
import { BRISK, moreSamples, mountState, ON, statusOf, toldOfMemory } from "./disk-agent.ts";
import { assertSoundEnd } from "./ending.ts";
import { fanOf } from "./fan-calls.ts";
import { openLedger } from "./ledger.ts";
import { play } from "./scenario.ts";

/** An agent boots on a disk that is read-only, which becomes writable under it. */
await play(async (t) => {
  const rig = await startCloud(t);
  const ledger = openLedger(rig);
  const state = mountState(t, rig, "-t", "tmpfs", "-o", "size=16m,mode=700", "tmpfs");
  const first = await startWith(t, rig, BRISK);
  await first.logged("online");
  assert.equal((await fanOf(rig, first).call(ON)).status, 200);
  await rig.cloud.hub.stop();
  const kept = await moreSamples(rig, first);
  await first.stop("SIGKILL");

  execFileSync("mount", ["-o", "remount,ro", state]);
  // Not even a socket can be made there.
  const socket = join(rig.folder, "status.sock");
  const second = await startWith(t, rig, { ...BRISK, "status.socket": socket });
  await toldOfMemory(second, "condition-raised");
  const isWished = async () => {
    const { fan } = await statusOf(rig, socket);
    return fan.state === "on" && fan.reason === "override";
  };
  await until("the fan as before", () => isWished().catch(() => false), { onTimeout: second.output });
  const inMemory = await moreSamples(rig, second, 2, socket);
  await rig.cloud.hub.start();
  await second.logged("online");
  await ledger.has([...numbersTo(kept), inMemory]);
  assert.ok((await getStatus(rig)).conditions.some(({ code }) => code === "OUTBOX_IN_MEMORY"));

  await rig.cloud.hub.stop();
  await moreSamples(rig, second, 2, socket);
  execFileSync("mount", ["-o", "remount,rw", state]);
  await toldOfMemory(second, "condition-cleared");
  const last = await moreSamples(rig, second, 1, socket);
  await second.stop("SIGKILL");

  await rig.cloud.hub.start();
  const third = await startWith(t, rig, BRISK);
  await ledger.has(Array.from({ length: last - inMemory + 1 }, (_, index) => inMemory + index));
  assert.equal((await statusOf(rig)).fan.state, "on");
  await assertSoundEnd(rig, third, ledger, 3);
});

function numbersTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
