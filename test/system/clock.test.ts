import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { LINUX } from "#agent/health/doctor/check.js";
import { type Clock, systemClock } from "#agent/lib/clock.js";
import { startInside } from "../faults/in-process.ts";
import { NOBODY } from "../health/clock/services.ts";
import { startCloud } from "../support/rig.js";
import { until } from "../support/until.js";

/** Time passes so many times as fast. */
function hurry(speed: number): Clock {
  return {
    now: systemClock.now,
    monotonic: () => systemClock.monotonic() * speed,
    sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / speed, signal),
    after: (milliseconds, act) => systemClock.after(milliseconds / speed, act),
  };
}

test("a clock that no time server has set is a condition, until one has", async (t) => {
  const rig = await startCloud(t);
  const timesync = join(rig.folder, "timesync");
  mkdirSync(timesync);
  const machine = { ...LINUX, timesync, chronyPort: NOBODY, ntpPort: NOBODY };
  const inner = await startInside(t, rig, hurry(40), { machine });
  const told = (event: string) =>
    until(event, () =>
      inner.lines.find((line) => line.event === event && line.code === "CLOCK_UNSYNCHRONIZED"),
    );
  const { remedy } = await told("condition-raised");
  assert.match(String(remedy), /UDP port 123/);
  writeFileSync(join(timesync, "synchronized"), "");
  await told("condition-cleared");
});
