import assert from "node:assert/strict";
import { test } from "node:test";
import { AgentError } from "#agent/errors.js";
import { createStanding } from "#agent/hub/standing.js";
import { createFakeClock } from "../support/fake-clock.js";

const HALF_A_YEAR = 183 * 86_400_000;

test("since when it stands so is right once a clock that was wrong is set", async () => {
  const now = Date.UTC(2025, 5, 1);
  const clock = createFakeClock(now - HALF_A_YEAR);
  const standing = createStanding(clock);
  await clock.advance(5000);
  assert.equal(standing.enter("online", "connected"), true);
  await clock.advance(2000);
  clock.jumpWall(HALF_A_YEAR);
  assert.deepEqual(standing.describe(), {
    state: "online",
    cause: "connected",
    code: null,
    remedy: null,
    since: new Date(now + 5000).toISOString(),
    retryAt: null,
  });
  standing.enter("backing-off", "no answer", undefined, 60_000);
  await clock.advance(1000);
  clock.jumpWall(1000);
  assert.equal(standing.describe().retryAt, new Date(clock.now() + 59_000).toISOString());
});

test("what is no news keeps its time", async () => {
  const clock = createFakeClock();
  const standing = createStanding(clock);
  standing.enter("connecting", "assigned");
  const { since } = standing.describe();
  await clock.advance(1000);
  assert.equal(standing.enter("connecting", "assigned"), false);
  assert.equal(standing.describe().since, since);
  assert.equal(standing.enter("connecting", "assigned elsewhere"), true);
  assert.notEqual(standing.describe().since, since);
});

test("the error that has led there is told with its code and remedy, until it leads on", () => {
  const standing = createStanding(createFakeClock());
  const error = new AgentError("no", { code: "DPS_DISABLED", retryable: true, remedy: "enable it" });
  standing.enter("disabled", "no", error);
  const { cause, code, remedy } = standing.describe();
  assert.deepEqual([cause, code, remedy], ["no", "DPS_DISABLED", "enable it"]);
  standing.enter("provisioning", standing.cause(), standing.error());
  assert.equal(standing.describe().code, "DPS_DISABLED");
  standing.enter("online", "connected");
  assert.equal(standing.describe().code, null);
});

test("who waits for online is let go at once, at its coming, or with the stop", async () => {
  const standing = createStanding(createFakeClock());
  const stopping = new AbortController();
  const stopped = standing.waitUntilOnline(stopping.signal);
  stopping.abort();
  await assert.rejects(stopped, { name: "AbortError" });
  const waiting = standing.waitUntilOnline(new AbortController().signal);
  standing.enter("online", "connected");
  await waiting;
  await standing.waitUntilOnline(new AbortController().signal);
  await assert.rejects(standing.waitUntilOnline(stopping.signal), { name: "AbortError" });
});
