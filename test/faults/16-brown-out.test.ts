import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { startAgent, startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { IS_FULL } from "./full.ts";
import { openLedger } from "./ledger.ts";
import { startRelay } from "./relay.ts";

const BOOTS = IS_FULL ? 10 : 3;
const MEBIBYTE = 1024 * 1024;

describe("fault 16: a brown-out", () => {
  it(`registers once in ${BOOTS} boots that end in a power cut, and writes little in each`, async (t) => {
    const rig = await startCloud(t);
    const ledger = openLedger(rig);
    const relay = await startRelay(t, rig.cloud.endpoints.dps.host);
    const state = join(rig.folder, "cave-01.state");
    const onDisk: number[] = [];
    for (let boot = 0; boot < BOOTS; boot += 1) {
      const before = ledger.sequences().length;
      const agent = await startAgent(t, rig, { host: relay.host });
      await until("a new sample", () => ledger.sequences().length > before, { onTimeout: agent.output });
      const written = bytesWrittenBy(agent.process.pid);
      await agent.stop("SIGKILL");
      // A new segment is laid out in full; all else is small.
      assert.ok(written === undefined || written < 2 * MEBIBYTE, `boot ${boot} wrote ${written} bytes`);
      onDisk.push(bytesIn(state));
    }
    assert.equal(relay.connections(), 1, "only the first boot asks the DPS");
    assert.ok(Math.max(...onDisk) <= 4 * MEBIBYTE, `bytes on disk after each boot: ${onDisk}`);

    const agent = await startAgent(t, rig, { host: relay.host });
    await agent.logged("online");
    await agent.stop();
    const outbox = (await agent.logged("stopped")).outbox as Record<string, number>;
    assert.deepEqual([outbox.waiting, outbox.dropped], [0, 0]);
    ledger.assertSound();
    ledger.assertWhole(outbox.lastSequence ?? 0, BOOTS + 1);
  });
});

/** What the process has handed to the kernel in writes, its log included; undefined where the kernel does not tell. */
function bytesWrittenBy(pid: number | undefined): number | undefined {
  if (process.platform !== "linux") return undefined;
  const text = readFileSync(`/proc/${pid}/io`, "utf8");
  return Number(/^wchar: (\d+)$/m.exec(text)?.[1]);
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, { blocks }) => sum + blocks * 512, 0);
}
