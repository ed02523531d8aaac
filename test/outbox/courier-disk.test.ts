import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createRate } from "#agent/lib/rate.js";
import { createCourier } from "#agent/outbox/courier.js";
import { faultyFiles, open, systemError, within } from "./segments-bench.ts";
import { temporaryFolder, until } from "./support.ts";

/** An outbox in which an earlier run has left three entries, on a disk that fails from the start unless `isListed`. */
async function setUp(isListed: boolean) {
  const directory = join(await temporaryFolder(), "outbox");
  await within(directory, async ({ outbox }) => {
    for (const payload of ["old 1", "old 2", "old 3"]) await outbox.append(payload);
  });
  const disk = { isBroken: !isListed };
  const fail = (): void => {
    if (disk.isBroken) throw systemError("EIO");
  };
  const files = faultyFiles({ list: fail, open: fail, write: fail });
  const opened = await open(directory, { files });
  return { ...opened, disk };
}

/** Sends all that waits to a cloud that takes it at once, until `work` is done. */
async function whileSending(
  { outbox, clock }: Awaited<ReturnType<typeof setUp>>,
  work: (sent: unknown[]) => Promise<void>,
): Promise<void> {
  const sent: unknown[] = [];
  const stopping = new AbortController();
  const courier = createCourier({
    outbox,
    send: async ({ payload }) => void sent.push(payload),
    ready: async () => {},
    inFlight: 2,
    rate: createRate(0, clock),
    clock,
  });
  const running = courier.run(stopping.signal);
  await work(sent);
  stopping.abort();
  await running;
  await outbox.close();
}

describe("the courier of an outbox whose disk has a fault", () => {
  it("sends what an earlier run has left once the disk gives it, over the same connection", async () => {
    const bench = await setUp(false);
    const { outbox, clock, disk } = bench;
    await whileSending(bench, async (sent) => {
      await outbox.append("new");
      await until(() => sent.length === 1, "the new one");
      disk.isBroken = false;
      await clock.advance(60_000);
      await until(() => sent.length === 4, "all of them");
      assert.deepEqual(sent, ["new", "old 1", "old 2", "old 3"]);
    });
  });

  it("sends what is in memory while the disk keeps back what is on it, and that afterwards", async () => {
    const bench = await setUp(true);
    const { outbox, clock, disk } = bench;
    disk.isBroken = true;
    await outbox.append("new");
    await whileSending(bench, async (sent) => {
      await until(() => sent.length === 1, "the new one");
      await outbox.append("newer");
      await clock.advance(2000);
      await until(() => sent.length === 2, "the newer one");
      disk.isBroken = false;
      await clock.advance(60_000);
      await until(() => sent.length === 5, "all of them");
      assert.deepEqual(sent, ["new", "newer", "old 1", "old 2", "old 3"]);
    });
  });
});
