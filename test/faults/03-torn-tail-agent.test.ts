import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { startCloud } from "../support/rig.ts";
import { startWith } from "./agents.ts";
import { BRISK, moreSamples, ON, stateOf, statusOf } from "./disk-agent.ts";
import { fanOf } from "./fan-calls.ts";
import { openLedger } from "./ledger.ts";

describe("fault 3: a torn tail, with all of an agent", () => {
  it("delivers all but the torn sample, tells of that one, and uses its number for no other", async (t) => {
    const rig = await startCloud(t);
    const ledger = openLedger(rig);
    const first = await startWith(t, rig, BRISK);
    await first.logged("online");
    assert.equal((await fanOf(rig, first).call(ON)).status, 200);
    await rig.cloud.hub.stop();
    await moreSamples(rig, first);
    await first.stop("SIGKILL");
    const torn = tearLast(join(stateOf(rig), "outbox"));

    await rig.cloud.hub.start();
    const second = await startWith(t, rig, BRISK);
    await second.logged("online");
    await ledger.has(Array.from({ length: torn - 1 }, (_, index) => index + 1));
    const damaged = second.lines.find(({ code }) => code === "OUTBOX_DAMAGED");
    assert.match(damaged?.cause ?? "", /^1 samples in .*segment cannot be read$/);
    const { fan, outbox } = await statusOf(rig);
    assert.deepEqual([fan.state, fan.reason], ["on", "override"]);
    assert.equal(outbox.dropped, 1);
    await moreSamples(rig, second);
    assert.equal((await second.stop()).code, 0);
    const { waiting, lastSequence } = (await second.logged("stopped")).outbox as Record<string, number>;
    assert.equal(waiting, 0);
    ledger.assertSound();
    ledger.assertWhole(lastSequence ?? 0, 2);
    assert.ok(!ledger.sequences().includes(torn), `${torn} was torn`);
  });
});

/** Takes the second half of the last entry away, as a power cut does in mid-write; its number. */
function tearLast(folder: string): number {
  const [name = ""] = readdirSync(folder).filter((each) => each.endsWith(".segment"));
  const file = join(folder, name);
  const bytes = readFileSync(file);
  const count = bytes.toString("latin1").split('"sampledAt"').length - 1;
  bytes.fill(0, bytes.lastIndexOf('"sampledAt"'));
  writeFileSync(file, bytes);
  return count;
}
