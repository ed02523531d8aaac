import assert from "node:assert/strict";
import { test } from "node:test";
import { CODES } from "#agent/health/codes.js";
import { type ConditionChange, createConditions } from "#agent/health/conditions.js";
import { createFakeClock } from "../support/fake-clock.js";

function setUp() {
  const clock = createFakeClock(Date.UTC(2026, 2, 1));
  const changes: string[] = [];
  const onChange = ({ change, condition }: ConditionChange) => changes.push(`${change} ${condition.code}`);
  return { clock, changes, conditions: createConditions({ clock, onChange }) };
}

test("raised again it keeps its time, takes the newer cause and is not told again", async () => {
  const { clock, changes, conditions } = setUp();
  conditions.raise("SENSOR_FAULT", "NACK");
  await clock.advance(60_000);
  conditions.raise("SENSOR_FAULT", "CRC");
  assert.deepEqual(conditions.list(), [
    {
      code: "SENSOR_FAULT",
      severity: "warning",
      since: "2026-03-01T00:00:00.000Z",
      cause: "CRC",
      remedy: CODES.SENSOR_FAULT.remedy,
    },
  ]);
  assert.deepEqual(changes, ["raised SENSOR_FAULT"]);
});

test("cleared it is told once; raised after that it is a new one", async () => {
  const { clock, changes, conditions } = setUp();
  conditions.clear("OFFLINE");
  conditions.raise("OFFLINE", "backing-off");
  conditions.clear("OFFLINE");
  conditions.clear("OFFLINE");
  assert.deepEqual(conditions.list(), []);
  await clock.advance(1000);
  conditions.raise("OFFLINE", "backing-off");
  assert.equal(conditions.list()[0]?.since, "2026-03-01T00:00:01.000Z");
  assert.deepEqual(changes, ["raised OFFLINE", "cleared OFFLINE", "raised OFFLINE"]);
});

test("the worst comes first, then the oldest", async () => {
  const { clock, conditions } = setUp();
  conditions.raise("OFFLINE", "");
  await clock.advance(1);
  conditions.raise("CERTIFICATE_EXPIRES_WITHIN_30_DAYS", "");
  await clock.advance(1);
  conditions.raise("SENSOR_STUCK", "");
  await clock.advance(1);
  conditions.raise("FAN_FAILED", "");
  assert.deepEqual(
    conditions.list().map(({ code }) => code),
    ["FAN_FAILED", "OFFLINE", "SENSOR_STUCK", "CERTIFICATE_EXPIRES_WITHIN_30_DAYS"],
  );
});

test("when the clock jumps into place, what was raised before moves with it", () => {
  const { conditions } = setUp();
  conditions.raise("CLOCK_UNSYNCHRONIZED", "no time server");
  conditions.shift(86_400_000);
  assert.equal(conditions.list()[0]?.since, "2026-03-02T00:00:00.000Z");
});
