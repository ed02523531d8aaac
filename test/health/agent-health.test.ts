import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import type { ControlState } from "#agent/control.js";
import { AgentError } from "#agent/errors.js";
import { createHealth } from "#agent/health/agent-health.js";
import { createFakeClock } from "../support/fake-clock.js";
import { healthDocument } from "./support.js";

const HOUR = 3_600_000;

const CONTROL: ControlState = {
  fan: "off",
  reason: "in-band",
  overrideUntil: undefined,
  held: undefined,
  sensor: "ok",
  fault: undefined,
  quality: "good",
  noEffect: false,
  reading: undefined,
  alerts: { fan: false, temperature: false, humidity: false },
};

function setUp() {
  const clock = createFakeClock();
  const outbox = { taken: 0, acknowledged: 0, waiting: 0, dropped: 0, lastSequence: 0 };
  const health = createHealth({
    clock,
    log: pino({ level: "silent" }),
    status: () => healthDocument({ outbox }),
    control: () => CONTROL,
    identity: () => ({
      deviceId: "cave-01",
      certificatePem: "",
      keyPem: "",
      thumbprint: "",
      issuer: "",
      notBefore: new Date(clock.now() - HOUR),
      notAfter: new Date(clock.now() + 9000 * HOUR),
    }),
    clockSynchronized: () => undefined,
  });
  const cause = (code: string) => {
    health.look();
    return health.conditions().find((condition) => condition.code === code)?.cause;
  };
  return { clock, outbox, health, cause };
}

test("what is dropped is counted as the outbox counts it, though it tells of the first only", async () => {
  const { clock, outbox, health, cause } = setUp();
  assert.equal(cause("OUTBOX_DROPPING"), undefined);
  health.onOutbox({ kind: "dropped", reason: "memory", count: 1 });
  outbox.dropped = 1;
  assert.equal(cause("OUTBOX_DROPPING"), "1 samples dropped since the start (memory)");
  for (let hour = 1; hour <= 3; hour += 1) {
    await clock.advance(HOUR);
    outbox.dropped += 500;
    assert.equal(cause("OUTBOX_DROPPING"), `${hour * 500 + 1} samples dropped since the start (memory)`);
  }
  await clock.advance(HOUR);
  assert.equal(cause("OUTBOX_DROPPING"), "1501 samples dropped since the start (memory)");
  await clock.advance(1);
  assert.equal(cause("OUTBOX_DROPPING"), undefined);
});

test("what a damaged card has lost is told as such, and not as dropped at a bound", () => {
  const { outbox, health, cause } = setUp();
  health.onOutbox({ kind: "damaged", file: "1.segment", count: 3 });
  outbox.dropped = 3;
  assert.equal(cause("OUTBOX_DAMAGED"), "3 samples in 1.segment cannot be read");
  assert.equal(cause("OUTBOX_DROPPING"), undefined);
});

test("a disk that cannot be used is a condition until it can", () => {
  const { health, cause } = setUp();
  const error = new AgentError("EROFS", { code: "OUTBOX_IN_MEMORY", retryable: true, remedy: "" });
  health.onOutbox({ kind: "memory", cause: error });
  assert.equal(cause("OUTBOX_IN_MEMORY"), "EROFS");
  health.onOutbox({ kind: "disk" });
  assert.equal(cause("OUTBOX_IN_MEMORY"), undefined);
});
