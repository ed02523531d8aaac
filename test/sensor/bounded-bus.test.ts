import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isAborted, isAgentError } from "#agent/errors.js";
import { createI2cBus } from "#agent/sensor/bounded-bus.js";
import { createFakeClock } from "../support/fake-clock.ts";
import { createController } from "../support/hardware/fake-adapter.ts";

const RUNNING = new AbortController().signal;
const ADDRESS = 0x44;

/** A slave that gives back what was written to it. */
function setUp() {
  let memory = Uint8Array.of(0);
  const controller = createController([
    [
      ADDRESS,
      {
        write(bytes) {
          memory = Uint8Array.from(bytes);
          return true;
        },
        read: (length) => memory.subarray(0, length),
      },
    ],
  ]);
  const clock = createFakeClock();
  return { controller, clock, bus: createI2cBus(1, controller.open, clock) };
}

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  const error = await work.then(
    () => assert.fail("it did not fail"),
    (reason: unknown) => reason,
  );
  return error instanceof Error && "code" in error ? error.code : error;
}

describe("a bus with bounds", () => {
  it("opens its file at the first transfer, keeps it, and closes it", async () => {
    const { controller, bus } = setUp();
    assert.deepEqual(controller.counts(), { underWay: 0, open: 0, opened: 0 });
    await bus.write(ADDRESS, Uint8Array.of(1, 2, 3), RUNNING);
    assert.deepEqual(await bus.read(ADDRESS, 2, RUNNING), Uint8Array.of(1, 2));
    assert.deepEqual(controller.counts(), { underWay: 0, open: 1, opened: 1 });
    await bus.close();
    await bus.close();
    assert.equal(controller.counts().open, 0);
    await bus.write(ADDRESS, Uint8Array.of(1), RUNNING);
    assert.equal(controller.counts().opened, 2);
  });

  it("passes the kernel's error on, and opens the file anew after it", async () => {
    const { controller, bus } = setUp();
    controller.errors.push("EBUSY");
    assert.equal(await codeOf(bus.write(ADDRESS, Uint8Array.of(1), RUNNING)), "EBUSY");
    assert.deepEqual(controller.counts(), { underWay: 0, open: 0, opened: 1 });
    await bus.write(ADDRESS, Uint8Array.of(1), RUNNING);
    assert.deepEqual(controller.counts(), { underWay: 0, open: 1, opened: 2 });
  });

  it("lets go of a transfer that hangs, starts no other beside it, and works again once it has ended", async () => {
    const { controller, clock, bus } = setUp();
    controller.hang(true);
    const hung = codeOf(bus.write(ADDRESS, Uint8Array.of(1), RUNNING));
    const behind = codeOf(bus.read(ADDRESS, 1, RUNNING));
    await clock.advance(1499);
    assert.equal(controller.counts().underWay, 1);
    await clock.advance(1);
    assert.deepEqual([await hung, await behind], ["I2C_TIMEOUT", "I2C_TIMEOUT"]);
    for (let time = 0; time < 100; time += 1) {
      assert.equal(await codeOf(bus.read(ADDRESS, 1, RUNNING)), "I2C_TIMEOUT");
    }
    await bus.close();
    assert.deepEqual(
      controller.counts(),
      { underWay: 1, open: 1, opened: 1 },
      "not closed under the transfer",
    );
    controller.hang(false);
    await clock.advance(0);
    assert.deepEqual(controller.counts(), { underWay: 0, open: 0, opened: 1 });
    await bus.write(ADDRESS, Uint8Array.of(7), RUNNING);
    assert.deepEqual(await bus.read(ADDRESS, 1, RUNNING), Uint8Array.of(7));
    assert.equal(clock.sleepers(), 0);
  });

  it("says for how long a transfer has been hanging", async () => {
    const { controller, clock, bus } = setUp();
    controller.hang(true);
    const hung = codeOf(bus.read(ADDRESS, 1, RUNNING));
    await clock.advance(60_000);
    assert.equal(await hung, "I2C_TIMEOUT");
    const error = await bus.read(ADDRESS, 1, RUNNING).catch((reason: unknown) => reason);
    assert.ok(isAgentError(error));
    assert.match(error.message, /\/dev\/i2c-1 has been hanging for 60 s/);
    controller.hang(false);
  });

  it("stops waiting with an AbortError, and lets the transfer end before the next", async () => {
    const { controller, clock, bus } = setUp();
    const stop = new AbortController();
    controller.hang(true);
    const stopped = bus.write(ADDRESS, Uint8Array.of(5), stop.signal).catch((error: unknown) => error);
    await clock.advance(100);
    stop.abort();
    assert.ok(isAborted(await stopped));
    assert.ok(
      isAborted(await bus.write(ADDRESS, Uint8Array.of(6), stop.signal).catch((error: unknown) => error)),
    );
    const next = bus.read(ADDRESS, 1, RUNNING);
    await clock.advance(100);
    assert.equal(controller.counts().underWay, 1);
    controller.hang(false);
    assert.deepEqual(await next, Uint8Array.of(5));
  });

  it("begins nothing for whoever has stopped already", async () => {
    const { controller, clock, bus } = setUp();
    const stopped = await bus.read(ADDRESS, 1, AbortSignal.abort()).catch((error: unknown) => error);
    assert.ok(isAborted(stopped));
    await clock.advance(10);
    assert.equal(controller.counts().opened, 0);
  });

  it("takes two callers one after the other", async () => {
    const { controller, clock, bus } = setUp();
    controller.hang(true);
    const all = [1, 2, 3, 4].map((value) => bus.write(ADDRESS, Uint8Array.of(value), RUNNING));
    await clock.advance(10);
    controller.hang(false);
    await Promise.all(all);
    assert.equal(controller.busiest(), 1);
    assert.deepEqual(await bus.read(ADDRESS, 1, RUNNING), Uint8Array.of(4));
  });
});
