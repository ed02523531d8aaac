import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pino } from "pino";
import { AgentError } from "#agent/errors.js";
import { createHealth } from "#agent/health/agent-health.js";
import type { Identity } from "#agent/hub/identity.js";
import { fileUnreadable } from "#agent/outbox/health.js";
import { createFakeClock } from "../support/fake-clock.ts";
import { CONTROL, healthDocument } from "./support.ts";

const HOUR = 3_600_000;

function setUp() {
  const clock = createFakeClock();
  const identity: Identity = {
    deviceId: "cave-01",
    certificatePem: "",
    keyPem: "",
    thumbprint: "",
    issuer: "",
    notBefore: new Date(0),
    notAfter: new Date(clock.now() + 400 * 24 * HOUR),
  };
  const outbox = { ...healthDocument().outbox, dropped: 0 };
  const connection = { ...healthDocument().connection };
  const health = createHealth({
    clock,
    log: pino({ level: "silent" }),
    status: () => healthDocument({ outbox: { ...outbox }, connection: { ...connection } }),
    control: () => CONTROL,
    identity: () => identity,
    certificateTrouble: () => undefined,
    clockSynchronized: () => true,
  });
  return { clock, outbox, connection, health, codes: () => health.conditions().map(({ code }) => code) };
}

describe("health of the outbox", () => {
  it("is dropping for as long as it drops, however often that is told, and an hour more", async () => {
    const { clock, outbox, health, codes } = setUp();
    health.onOutbox({ kind: "dropped", reason: "memory", count: 1 });
    assert.deepEqual(codes(), ["OUTBOX_DROPPING"]);
    for (let hour = 0; hour < 5; hour += 1) {
      outbox.dropped += 60;
      health.look();
      await clock.advance(HOUR);
      assert.equal(health.conditions()[0]?.cause, `${outbox.dropped} dropped since the start`);
    }
    health.look();
    assert.deepEqual(codes(), ["OUTBOX_DROPPING"]);
    await clock.advance(1);
    health.look();
    assert.deepEqual(codes(), []);
  });

  it("is damaged, and does not drop, where entries cannot be read or sent", () => {
    const { outbox, health, codes } = setUp();
    health.onOutbox({ kind: "damaged", file: "1.segment", count: 2 });
    health.onOutbox({ kind: "unsendable", sequence: 7, cause: new Error("no sample") });
    outbox.dropped += 3;
    health.look();
    assert.deepEqual(codes(), ["OUTBOX_DAMAGED"]);
  });
});

describe("health of the outbox's files", () => {
  it("is unreadable until the last of them can be read or is gone", () => {
    const { health, codes } = setUp();
    const tell = (file: string) =>
      health.onOutbox({ kind: "unreadable", file, cause: fileUnreadable(file, new Error("EACCES")) });
    tell("1.segment");
    tell("2.segment");
    assert.deepEqual(codes(), ["OUTBOX_UNREADABLE"]);
    assert.equal(
      health.conditions()[0]?.cause,
      "1.segment cannot be read: EACCES (1 more file of the outbox neither)",
    );
    health.onOutbox({ kind: "readable", file: "1.segment" });
    health.look();
    assert.equal(health.conditions()[0]?.cause, "2.segment cannot be read: EACCES");
    health.onOutbox({ kind: "readable", file: "2.segment" });
    assert.deepEqual(codes(), []);
    health.onOutbox({ kind: "unread-dropped", file: "2.segment", reason: "bytes" });
    health.look();
    assert.deepEqual(codes(), ["OUTBOX_DAMAGED"]);
    assert.equal(
      health.conditions()[0]?.cause,
      "2.segment had to go (bytes) before it could be read: nobody knows how many samples waited in it",
    );
  });
});

describe("health of the state directory", () => {
  const refusal = (code: string) => new AgentError("why", { code, retryable: false, remedy: "" });

  it("is somebody else's, or keeps nothing, until that is over", () => {
    const { health, codes } = setUp();
    health.onState(refusal("STATE_IN_USE"));
    health.onKept(refusal("STATE_NOT_KEPT"));
    assert.deepEqual(codes(), ["STATE_IN_USE", "STATE_NOT_KEPT"]);
    health.onState(refusal("STATE_OF_ANOTHER_DEVICE"));
    health.look();
    assert.deepEqual(codes(), ["STATE_OF_ANOTHER_DEVICE", "STATE_NOT_KEPT"]);
    health.onState(undefined);
    health.onKept(undefined);
    assert.deepEqual(codes(), []);
  });
});

describe("health of the connection", () => {
  it("flaps from the third loss within five minutes on, until there was none for as long", async () => {
    const { clock, connection, health, codes } = setUp();
    const lose = async (after: number) => {
      await clock.advance(after);
      connection.losses += 1;
      health.look();
      return codes();
    };
    assert.deepEqual(await lose(0), []);
    assert.deepEqual(await lose(100_000), []);
    assert.deepEqual(await lose(200_000), [], "the first is too long ago");
    assert.deepEqual(await lose(99_999), ["HUB_FLAPPING"]);
    assert.match(health.conditions()[0]?.remedy ?? "", /no other agent uses this device's certificate/);
    assert.equal(health.conditions()[0]?.cause, "it was lost 3 times within 5 minutes");
    const last = new Date(clock.now()).toISOString();
    await clock.advance(299_999);
    health.look();
    assert.deepEqual(codes(), ["HUB_FLAPPING"]);
    assert.equal(health.conditions()[0]?.cause, `it was lost again and again, the last time at ${last}`);
    await clock.advance(1);
    health.look();
    assert.deepEqual(codes(), []);
  });
});
