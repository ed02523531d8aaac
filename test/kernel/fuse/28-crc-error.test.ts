import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { startCave } from "./cave.ts";

/** One agent for both: each leaves the sensor as it found it. */
const { pi, sensorFails, becomes, messages, assertNoFault, assertMeasured } = await startCave({ after });

describe("fault 28: words of the sensor that are damaged on the wires", () => {
  it("are dropped and counted, whichever of the two it is", async () => {
    let counted = 0;
    for (const corruptNext of [
      [1, 0],
      [0, 1],
      [1, 1],
    ] as const) {
      counted += 1;
      await pi.setSensorFaults({ corruptNext: [...corruptNext] });
      await becomes(`${counted} are counted`, ({ sensor }) => sensor.faults?.crc === counted);
      await messages(1);
    }
    assertNoFault(/CRC/);
    assertMeasured();
  });

  it("are a fault of the sensor when all of them are", async () => {
    await pi.setSensorFaults({ corruptNext: [Number.MAX_SAFE_INTEGER, 0] });
    assert.match(await sensorFails(), /the CRC does not fit/);
    await pi.setSensorFaults({ corruptNext: [0, 0] });
    await messages(2);
    assertMeasured();
  });
});
