import assert from "node:assert/strict";
import { it } from "node:test";
import { openSensor } from "#agent/sensor/open.js";
import { createFakeClock } from "../support/fake-clock.ts";

it("openSensor opens the simulated sensor with its seed and speed", async () => {
  const read = async (seed: number, speed: number) => {
    const clock = createFakeClock();
    const sensor = openSensor({ source: "simulated" }, { seed, speed }, { clock, fanOn: () => true });
    await clock.advance(60_000);
    return sensor.read(new AbortController().signal);
  };
  assert.equal((await read(1, 1)).source, "simulated");
  assert.notDeepEqual(await read(1, 1), await read(2, 1));
  assert.ok((await read(1, 600)).temperature < (await read(1, 1)).temperature - 1);
});
