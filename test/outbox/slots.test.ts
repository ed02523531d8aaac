import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openSlots, SLOT_ROOM } from "#agent/outbox/slots.js";
import { temporaryFolder } from "./support.ts";

describe("openSlots", () => {
  it("gives the newest text, or the one before if a write of the newest was torn", async () => {
    const file = join(await temporaryFolder(), "slots");
    const slots = await openSlots(file);
    assert.equal(slots.text, undefined);
    for (const text of ["one", "two", "three", "four"]) {
      await slots.write(text, { sync: false });
      assert.equal((await openSlots(file)).text, text);
    }
    const content = await readFile(file, "latin1");
    await writeFile(file, content.replace("four", "fou\0"));
    const torn = await openSlots(file);
    assert.deepEqual([torn.text, torn.isDamaged], ["three", true]);
    await torn.write("five", { sync: true });
    assert.equal((await openSlots(file)).text, "five");
  });

  it("refuses a text that does not fit, and keeps the one before", async () => {
    const file = join(await temporaryFolder(), "slots");
    const slots = await openSlots(file);
    await slots.write("short", { sync: false });
    await assert.rejects(slots.write("x".repeat(SLOT_ROOM), { sync: false }), RangeError);
    assert.equal((await openSlots(file)).text, "short");
  });
});
