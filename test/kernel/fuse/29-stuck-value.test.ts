import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { until } from "../../support/until.ts";
import { AIR, startCave } from "./cave.ts";

describe("fault 29: a sensor that gives the same value for too long", () => {
  it("is marked in its messages, and believed again as soon as it moves", async (t) => {
    const { pi, ledger, becomes } = await startCave(t, { changes: { "sensor.stuckAfter": "3s" } });
    const marked = ({ properties }: { properties: Record<string, string> }) => properties.quality === "stuck";
    await until("a marked message", () => ledger.received.some(marked));
    assert.equal(ledger.received[0]?.properties.quality, undefined);
    await pi.setAir({ temperature: AIR.temperature + 0.1 });
    await becomes("it is believed", ({ sensor }) => sensor.quality === "good");
    const atEnd = ledger.received.length;
    await until("a message that is not marked", () =>
      ledger.received.slice(atEnd).some((one) => !marked(one)),
    );
  });
});
