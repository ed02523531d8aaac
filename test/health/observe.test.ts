import assert from "node:assert/strict";
import { test } from "node:test";
import { createConditions } from "#agent/health/conditions.js";
import { type Facts, judge, observe } from "#agent/health/observe.js";
import { createFakeClock } from "../support/fake-clock.js";
import { healthDocument } from "./support.js";

const NOW = Date.UTC(2026, 2, 1);
const DAY = 86_400_000;

function held(facts: Partial<Facts>): Record<string, string> {
  const judged = judge({ status: healthDocument(), now: NOW, ...facts });
  return Object.fromEntries([...judged].flatMap(([code, cause]) => (cause === null ? [] : [[code, cause]])));
}

test("a healthy cave has none", () => {
  assert.deepEqual(
    held({
      clockSynchronized: true,
      sensorStuck: null,
      fanNoEffect: null,
      isDropping: false,
      certificate: { notBefore: new Date(NOW - DAY), notAfter: new Date(NOW + 31 * DAY) },
    }),
    {},
  );
});

test("each state is told with its cause", () => {
  const { connection, sensor, fan } = healthDocument();
  const status = healthDocument({
    connection: { ...connection, state: "backing-off", cause: "ECONNREFUSED" },
    sensor: { ...sensor, state: "stale", quality: "range", fault: "NACK" },
    fan: { ...fan, state: "failed", fault: "it does not obey" },
  });
  assert.deepEqual(
    held({
      status,
      clockSynchronized: false,
      sensorStuck: "since an hour",
      isDropping: true,
    }),
    {
      OFFLINE: "backing-off: ECONNREFUSED",
      SENSOR_STALE: "NACK",
      FAN_FAILED: "it does not obey",
      SENSOR_STUCK: "since an hour",
      SENSOR_IMPLAUSIBLE: "the newest value is out of range",
      OUTBOX_DROPPING: "2 dropped since the start",
      CLOCK_UNSYNCHRONIZED: "no time server has answered yet",
    },
  );
});

test("how an agent that stops is connected is left as it was told", () => {
  const { connection } = healthDocument();
  const stopping = healthDocument({ connection: { ...connection, state: "stopping", cause: "stop" } });
  assert.equal(judge({ status: stopping, now: NOW }).has("OFFLINE"), false);
});

test("a disabled enrolment is told as such, not as a network that is down", () => {
  const { connection } = healthDocument();
  const status = healthDocument({
    connection: { ...connection, state: "disabled", cause: "says the DPS", code: "DPS_DISABLED" },
  });
  assert.deepEqual(held({ status }), { DPS_DISABLED: "says the DPS" });
});

test("what a person has to act on is told at once, and holds while it is tried again", () => {
  const conditions = createConditions({ clock: createFakeClock(NOW), onChange: () => undefined });
  const { connection } = healthDocument();
  const see = (changes: Partial<typeof connection>) => {
    const status = healthDocument({ connection: { ...connection, ...changes } });
    observe(conditions, { status, now: NOW, offlineFor: 0 });
    return conditions.list().map(({ code }) => code);
  };
  const refused = { state: "backing-off", cause: "not authorized", code: "HUB_REFUSED" } as const;
  assert.deepEqual(see(refused), ["HUB_REFUSED"]);
  assert.deepEqual(see({ ...refused, state: "provisioning" }), ["HUB_REFUSED"]);
  assert.deepEqual(see({ state: "connecting" }), ["HUB_REFUSED"]);
  assert.deepEqual(see({ ...refused, code: "DPS_NOT_FOUND" }), ["DPS_NOT_FOUND"]);
  assert.deepEqual(see({ ...refused, code: "HUB_UNREACHABLE" }), [], "it may come back by itself");
  assert.deepEqual(see({ ...refused, code: "DPS_UNTRUSTED" }), ["DPS_UNTRUSTED"]);
  assert.deepEqual(see({}), []);
});

test("a fan of which nobody knows yet whether it can be taken has not failed", () => {
  const { fan } = healthDocument();
  assert.deepEqual(held({ status: healthDocument({ fan: { ...fan, state: "failed" } }) }), {});
});

test("of the steps before expiry the nearest alone holds", () => {
  const cases: [number, string[]][] = [
    [30.5, []],
    [30, ["CERTIFICATE_EXPIRES_WITHIN_30_DAYS"]],
    [7, ["CERTIFICATE_EXPIRES_WITHIN_7_DAYS"]],
    [1, ["CERTIFICATE_EXPIRES_WITHIN_1_DAY"]],
    [0, ["CERTIFICATE_EXPIRED"]],
    [-3, ["CERTIFICATE_EXPIRED"]],
  ];
  for (const [days, expected] of cases) {
    const certificate = { notBefore: new Date(NOW - DAY), notAfter: new Date(NOW + days * DAY) };
    assert.deepEqual(Object.keys(held({ certificate })), expected, `${days} days left`);
  }
  const early = { notBefore: new Date(NOW + 1), notAfter: new Date(NOW + 90 * DAY) };
  assert.deepEqual(Object.keys(held({ certificate: early })), ["CERTIFICATE_NOT_YET_VALID"]);
});

test("what gives way to something graver is cleared after that was raised", () => {
  const changes: string[] = [];
  const conditions = createConditions({
    clock: createFakeClock(NOW),
    onChange: ({ change, condition }) => changes.push(`${change} ${condition.code}`),
  });
  const { sensor } = healthDocument();
  for (const state of ["failed", "stale"] as const) {
    const status = healthDocument({ sensor: { ...sensor, state, fault: "there is no /dev/i2c-1" } });
    observe(conditions, { status, now: NOW });
  }
  assert.deepEqual(changes, ["raised SENSOR_FAULT", "raised SENSOR_STALE", "cleared SENSOR_FAULT"]);
});

test("what the facts disprove is cleared; what they say nothing about stays", () => {
  const conditions = createConditions({ clock: createFakeClock(NOW), onChange: () => undefined });
  conditions.raise("SENSOR_FAULT", "NACK");
  conditions.raise("CLOCK_UNSYNCHRONIZED", "unknown");
  observe(conditions, { status: healthDocument(), now: NOW });
  assert.deepEqual(
    conditions.list().map(({ code }) => code),
    ["CLOCK_UNSYNCHRONIZED"],
  );
});
