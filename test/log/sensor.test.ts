import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { createSensorLog } from "#agent/log/sensor.js";

test("the log says which sensor answers where, and warns when another one has taken its place", () => {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ base: null, timestamp: false }, { write: (line) => void lines.push(JSON.parse(line)) });
  const { onFound } = createSensorLog(log);
  const place = "0x44 on /dev/i2c-1";
  onFound?.({ serial: "0badcafe", place });
  onFound?.({ serial: "00000002", place, before: "0badcafe" });
  assert.deepEqual(lines, [
    {
      level: 30,
      event: "sensor-found",
      serial: "0badcafe",
      place,
      msg: "the SHT31 0badcafe answers at 0x44 on /dev/i2c-1",
    },
    {
      level: 40,
      event: "sensor-replaced",
      serial: "00000002",
      before: "0badcafe",
      place,
      msg: "another SHT31 answers at 0x44 on /dev/i2c-1: 00000002, which was 0badcafe",
    },
  ]);
});
