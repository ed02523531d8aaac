import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { startWith } from "./agents.ts";
import { BRISK, moreSamples, ON, statusOf, toldOfMemory } from "./disk-agent.ts";
import { assertSoundEnd } from "./ending.ts";
import { fanOf } from "./fan-calls.ts";
import { openLedger } from "./ledger.ts";

const PRELOAD = new URL("./07-eio-on-sync.preload.js", import.meta.url).href;
const ELSEWHERE =
  process.platform === "linux" ? {} : { skip: "what a descriptor stands for is told by Linux" };

describe("fault 7: EIO on fdatasync, with all of an agent", () => {
  it(
    "writes what the disk has lost once more, also from memory, and kill -9 takes nothing",
    ELSEWHERE,
    async (t) => {
      const rig = await startCloud(t);
      const ledger = openLedger(rig);
      const folder = join(rig.folder, "disk");
      mkdirSync(folder);
      const failures = join(folder, "failures");
      const fail = (count: number) => writeFileSync(failures, String(count));
      const env = { NODE_OPTIONS: `--import=${PRELOAD}`, FAULT_FOLDER: folder };
      const agent = await startWith(t, rig, BRISK, {}, env);
      await agent.logged("online");
      assert.equal((await fanOf(rig, agent).call(ON)).status, 200);
      await rig.cloud.hub.stop();
      await moreSamples(rig, agent);

      fail(1);
      await until("the failure", () => readFileSync(failures, "utf8") === "0", { onTimeout: agent.output });
      await moreSamples(rig, agent);
      const isRaised = agent.lines.some(({ code }) => code === "OUTBOX_IN_MEMORY");
      assert.equal(isRaised, false, "a new segment was enough");

      fail(1000);
      await toldOfMemory(agent, "condition-raised");
      await moreSamples(rig, agent);
      assert.equal((await statusOf(rig)).fan.state, "on");
      fail(0);
      await toldOfMemory(agent, "condition-cleared");
      const last = await moreSamples(rig, agent);
      await agent.stop("SIGKILL");
      assert.ok(!existsSync(join(folder, "again")), "a failed sync must not be retried as clean");

      await rig.cloud.hub.start();
      const next = await startWith(t, rig, BRISK);
      await ledger.has(Array.from({ length: last }, (_, index) => index + 1));
      assert.deepEqual((await statusOf(rig)).fan.state, "on");
      await assertSoundEnd(rig, next, ledger, 2);
    },
  );
});
