import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { bytesIn, open, within } from "../outbox/segments-bench.ts";
import { temporaryFolder } from "../outbox/support.ts";

/** A week offline, a sample a minute. */
const SAMPLES = 7 * 24 * 60;
const BYTES = 256 * 1024;
const PAYLOAD = { temperature: 11.87, humidity: 91.4, source: "sht31" };

describe("fault 8: a week offline", () => {
  it("stays below the cap of bytes, keeps the newest, and counts what went", async () => {
    const directory = join(await temporaryFolder(), "outbox");
    const { outbox, events, clock } = await open(directory, { maxBytes: BYTES, segmentBytes: 32 * 1024 });
    let most = 0;
    for (let count = 0; count < SAMPLES; count += 1) {
      await outbox.append({ ...PAYLOAD, count });
      if (count % 500 === 0) {
        await clock.advance(500 * 60_000);
        most = Math.max(most, await bytesIn(directory));
      }
    }
    const { taken, dropped, waiting } = outbox.counts();
    assert.ok(most <= BYTES && most > BYTES / 2, `${most} bytes on disk`);
    assert.deepEqual([taken, dropped + waiting], [SAMPLES, SAMPLES]);
    const said = events.map((event) => (event.kind === "dropped" ? event.count : Number.NaN));
    assert.equal(
      said.reduce((sum, count) => sum + count, 0),
      dropped,
    );
    const entries = await outbox.read(0, SAMPLES);
    assert.deepEqual([entries.length, entries.at(-1)?.sequence], [waiting, SAMPLES]);
    await outbox.close();
    assert.ok((await bytesIn(directory)) <= BYTES);
    await within(directory, async (again) => assert.equal(again.outbox.counts().waiting, waiting));
  });
});
