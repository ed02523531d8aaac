import assert from "node:assert/strict";
import { test } from "node:test";
import type { Now, Sample } from "#agent/cave/sample.js";
import { isAgentError } from "#agent/errors.js";
import { toTelemetry } from "#agent/hub/telemetry.js";

const sample: Sample = {
  temperature: 11.87,
  humidity: 91.4,
  source: "sht31",
  sampledAt: Date.UTC(2026, 0, 2),
  monotonic: 5000,
  run: "this",
  quality: "good",
  alerts: { fan: false, temperature: false, humidity: false },
};
const now: Now = { run: "this", wall: sample.sampledAt + 1000, monotonic: 6000 };
const entry = <Payload>(payload: Payload) => ({ sequence: 48_213, payload, urgent: false });

test("one message a sample: id, time, two decimals, and fanAlert always", () => {
  const message = toTelemetry("cave-01", entry(sample), now);
  assert.equal(message.messageId, "cave-01-48213");
  assert.equal(message.createdAt, sample.sampledAt);
  assert.equal(message.body, '{"temperature":11.87,"humidity":91.4,"source":"sht31","sequence":48213}');
  assert.deepEqual(message.properties, { fanAlert: "false" });
});

test("alerts only when true, and a simulated value never without its mark", () => {
  const message = toTelemetry(
    "cave-01",
    entry({ ...sample, source: "simulated", alerts: { fan: true, temperature: true, humidity: true } }),
    now,
  );
  assert.deepEqual(message.properties, {
    fanAlert: "true",
    temperatureAlert: "true",
    humidityAlert: "true",
    simulated: "true",
  });
  assert.equal(JSON.parse(message.body).source, "simulated");
});

test("a clock that has jumped into place since puts the time right, as long as the run lives", () => {
  const jumped = { ...now, wall: now.wall + 180 * 86_400_000 };
  assert.equal(toTelemetry("cave-01", entry(sample), jumped).createdAt, jumped.wall - 1000);
  assert.equal(
    toTelemetry("cave-01", entry({ ...sample, run: "earlier" }), jumped).createdAt,
    sample.sampledAt,
  );
});

test("what waited for more than a minute, or is doubtful, says so", () => {
  const later = { run: "this", wall: now.wall + 61_000, monotonic: now.monotonic + 61_000 };
  assert.equal(toTelemetry("cave-01", entry(sample), later).properties.historical, "true");
  assert.equal(
    toTelemetry("cave-01", entry({ ...sample, quality: "stuck" }), now).properties.quality,
    "stuck",
  );
});

test("what is no sample is refused for good, instead of being tried for ever", () => {
  const { alerts: _, ...bare } = sample;
  for (const payload of [null, 7, {}, bare, { ...sample, sampledAt: null }]) {
    assert.throws(
      () => toTelemetry("cave-01", entry(payload), now),
      (error) => isAgentError(error) && error.code === "SAMPLE_UNUSABLE" && !error.retryable,
    );
  }
});
