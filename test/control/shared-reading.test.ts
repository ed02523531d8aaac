import assert from "node:assert/strict";
import { test } from "node:test";
import { createSharedReading } from "#agent/control/shared-reading.js";
import { isAborted, isAgentError } from "#agent/errors.js";
import type { Reading } from "#agent/sensor/sensor.js";
import { createFakeClock } from "../support/fake-clock.js";

/** A sensor that answers when the test says so, and never heeds the signal. */
function build() {
  const clock = createFakeClock();
  const asked: { signal: AbortSignal; answer: (temperature: number) => void; fail: () => void }[] = [];
  const read = createSharedReading(
    {
      read: (signal) =>
        new Promise<Reading>((resolve, reject) => {
          asked.push({
            signal,
            answer: (temperature) => resolve({ temperature, humidity: 90.123, source: "sht31" }),
            fail: () => reject(new Error("NACK")),
          });
        }),
      describe: () => ({ source: "sht31" }),
      close: async () => undefined,
    },
    clock,
  );
  return { clock, asked, read, never: new AbortController().signal };
}

test("who asks while a reading is under way gets that one; who asks afterwards gets another", async () => {
  const { asked, read, never } = build();
  const both = [read(never), read(never)];
  asked[0]?.answer(12.3456);
  const [one, other] = await Promise.all(both);
  assert.deepEqual(one, { temperature: 12.35, humidity: 90.12, source: "sht31" });
  assert.equal(one, other);
  const next = read(never);
  asked[1]?.answer(13);
  assert.equal((await next).temperature, 13);
  assert.equal(asked.length, 2);
});

test("one caller's leaving keeps it for the others; when all have left it is called off, and not given to the next", async () => {
  const { asked, read, never } = build();
  const leavers = [new AbortController(), new AbortController()];
  const gone = leavers.map(({ signal }) => assert.rejects(read(signal), isAborted));
  leavers[0]?.abort();
  await gone[0];
  assert.equal(asked[0]?.signal.aborted, false);
  leavers[1]?.abort();
  await gone[1];
  assert.equal(asked[0]?.signal.aborted, true);
  const next = read(never);
  asked[1]?.answer(14);
  assert.equal((await next).temperature, 14);
});

test("all are told of a failure, and of a sensor that does not answer within 5 s", async () => {
  const { clock, asked, read, never } = build();
  const failed = [1, 2].map(() => assert.rejects(read(never), /NACK/));
  asked[0]?.fail();
  await Promise.all(failed);
  const late = [1, 2].map(() =>
    assert.rejects(read(never), (error) => isAgentError(error) && error.code === "SENSOR_TIMEOUT"),
  );
  await clock.advance(5000);
  await Promise.all(late);
});
