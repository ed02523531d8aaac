import assert from "node:assert/strict";
import { test } from "node:test";
import { toMetrics } from "#agent/health/metrics.js";
import { healthDocument, SOUND } from "./support.js";

/** Reads the text format as its specification has it; throws at what it does not allow. */
function parse(text: string): { types: Map<string, string>; samples: Map<string, number> } {
  assert.ok(text.endsWith("\n"));
  const types = new Map<string, string>();
  const samples = new Map<string, number>();
  let current = "";
  for (const line of text.trimEnd().split("\n")) {
    const comment = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line);
    if (comment) {
      current = comment[2] ?? "";
      if (comment[1] === "TYPE") {
        assert.ok(!types.has(current), `${current} is declared twice`);
        types.set(current, comment[3] ?? "");
      }
      continue;
    }
    const sample = /^([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+\})? (-?[0-9.e+-]+)$/.exec(line);
    assert.ok(sample, line);
    assert.equal(sample[1], current, `${line} stands below another name`);
    const key = `${sample[1]}${sample[2] ?? ""}`;
    assert.ok(!samples.has(key), `${key} is there twice`);
    samples.set(key, Number(sample[3]));
  }
  return { types, samples };
}

test("every number has a name of ours with its base unit, and a type", () => {
  const { types, samples } = parse(toMetrics(healthDocument()));
  for (const [name, type] of types) {
    assert.match(name, /^cave_/);
    assert.equal(name.endsWith("_total"), type === "counter", name);
    assert.doesNotMatch(name, /percent|milliseconds|minutes/);
  }
  assert.equal(samples.get('cave_temperature_celsius{source="simulated"}'), 12.26);
  assert.equal(samples.get('cave_humidity_ratio{source="simulated"}'), 0.9044);
  assert.equal(samples.get("cave_target_humidity_ratio"), 0.9);
  assert.equal(samples.get("cave_reading_timestamp_seconds"), Date.UTC(2026, 2, 2, 2, 3, 4, 500) / 1000);
  assert.equal(samples.get("cave_hub_connected"), 1);
  assert.equal(samples.get("cave_hub_connects_total"), 3);
  assert.equal(samples.get("cave_hub_losses_total"), 0);
  assert.equal(samples.get("cave_outbox_waiting"), 3);
  assert.equal(samples.get("cave_outbox_dropped_total"), 2);
  assert.equal(samples.get('cave_fan_state{state="on"}'), 1);
  assert.equal(samples.get('cave_fan_state{state="off"}'), 0);
  assert.equal(samples.get('cave_sensor_quality{quality="good"}'), 1);
  assert.equal(samples.get('cave_alert{alert="temperature"}'), 1);
  assert.equal(samples.get('cave_agent_info{device_id="cave-01",version="0.2.0",node="20.19.0"}'), 1);
});

test("a value that is no longer measured has no series; before the first there is none either", () => {
  const stale = healthDocument({
    sensor: { ...SOUND, source: "simulated", state: "stale", quality: "missing", fault: "NACK" },
  });
  const first = healthDocument({ reading: null });
  for (const document of [stale, first]) {
    const { types, samples } = parse(toMetrics(document));
    assert.ok(!types.has("cave_temperature_celsius") && !types.has("cave_humidity_ratio"));
    assert.ok(samples.has('cave_sensor_state{state="stale"}'));
  }
});

test("a warm sensor's value is no value of the air; failed tries are counted by kind", () => {
  const sensor = { source: "sht31", state: "ok", ...SOUND } as const;
  const faults = { nack: 4, crc: 2, timeout: 0, reset: 1, bus: 0 };
  const good = parse(toMetrics(healthDocument({ sensor: { ...sensor, quality: "good", faults } })));
  assert.ok(good.types.has("cave_temperature_celsius"));
  assert.equal(good.types.get("cave_sensor_faults_total"), "counter");
  assert.equal(good.samples.get('cave_sensor_faults_total{kind="crc"}'), 2);
  assert.equal(good.samples.get('cave_sensor_faults_total{kind="timeout"}'), 0);
  const heated = parse(toMetrics(healthDocument({ sensor: { ...sensor, quality: "heated" } })));
  assert.ok(!heated.types.has("cave_temperature_celsius") && !heated.types.has("cave_humidity_ratio"));
  assert.equal(heated.samples.get('cave_sensor_quality{quality="heated"}'), 1);
  assert.ok(!heated.types.has("cave_sensor_faults_total"));
});

test("each condition is a series; quotes, backslashes and line ends cannot break out of a label", () => {
  const condition = { severity: "warning" as const, since: "", cause: "", remedy: "" };
  const document = healthDocument({
    deviceId: 'a"b\\c\nd',
    conditions: [{ ...condition, code: "OFFLINE" }],
  });
  const { samples } = parse(toMetrics(document));
  assert.equal(samples.get('cave_condition{code="OFFLINE",severity="warning"}'), 1);
  assert.ok([...samples.keys()].some((key) => key.includes('device_id="a\\"b\\\\c\\nd"')));
});

test("what keeps the agent from the hub is a series of its own for as long as it does", () => {
  const { connection } = healthDocument();
  const refused = { ...connection, state: "backing-off", code: "DPS_UNAUTHORIZED" } as const;
  const { samples } = parse(toMetrics(healthDocument({ connection: refused })));
  assert.equal(samples.get('cave_hub_fault{code="DPS_UNAUTHORIZED"}'), 1);
  assert.ok(!parse(toMetrics(healthDocument())).types.has("cave_hub_fault"));
});
