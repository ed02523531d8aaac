import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "#agent/cave/sample.js";
import { toTelemetry } from "#agent/hub/telemetry.js";

const sample: Sample = {
  temperature: 11.8749,
  humidity: 91.4,
  source: "sht31",
  sampledAt: Date.UTC(2026, 0, 2),
  alerts: { fan: false, temperature: false, humidity: false },
};
const entry = (payload: Sample) => ({ sequence: 48_213, payload, urgent: false });

test("one message a sample: id, time, two decimals, and fanAlert always", () => {
  const message = toTelemetry("cave-01", entry(sample));
  assert.equal(message.messageId, "cave-01-48213");
  assert.equal(message.createdAt, sample.sampledAt);
  assert.equal(message.body, '{"temperature":11.87,"humidity":91.4,"source":"sht31","sequence":48213}');
  assert.deepEqual(message.properties, { fanAlert: "false" });
});

test("alerts only when true, and a simulated value never without its mark", () => {
  const message = toTelemetry(
    "cave-01",
    entry({ ...sample, source: "simulated", alerts: { fan: true, temperature: true, humidity: true } }),
  );
  assert.deepEqual(message.properties, {
    fanAlert: "true",
    temperatureAlert: "true",
    humidityAlert: "true",
    simulated: "true",
  });
  assert.equal(JSON.parse(message.body).source, "simulated");
});
