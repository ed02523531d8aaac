import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadConfig } from "#agent/config.js";
import { isAborted, messageOf } from "#agent/errors.js";
import type { Session } from "#agent/hub/session.js";
import { systemClock } from "#agent/lib/clock.js";
import { createRate } from "#agent/lib/rate.js";
import { retryLimits } from "#agent/limits.js";
import { ROOT, startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { startSessions } from "./fleet-of-sessions.ts";

/** One cheese, 30 caves; what one unit of an S1 hub takes a second from all its devices (Azure, IoT Hub quotas). */
const CAVES = 30;
const HUB_TAKES = 100;
const SECONDS = 15;

describe("fault 10: the backlogs of a fleet", () => {
  it("drain at the default rate without a refusal or a lost connection, where a hub takes 100 a second", async (t) => {
    const config = loadConfig(`${ROOT}/config/default.toml`, {
      CAVE_DEVICE_CERTIFICATE_FILE: "leaf.pem",
      CAVE_DEVICE_KEY_FILE: "leaf.key",
      CAVE_PROVISIONING_ID_SCOPE: "0ne00000000",
    });
    const rig = await startCloud(t);
    const { sessions } = await startSessions(t, rig, CAVES, retryLimits(config));
    const online = () => sessions.filter((session) => session.state() === "online").length;
    await until("all are online", () => online() === CAVES, { seconds: 60, onTimeout: () => `${online()}` });
    rig.cloud.faults.hub.throttle(HUB_TAKES);
    const failures: string[] = [];
    const end = AbortSignal.timeout(SECONDS * 1000);
    const drains = sessions.map((session) => drain(session, config.outbox, end, failures));
    const sent = (await Promise.all(drains)).reduce((sum, count) => sum + count, 0);
    const { refused } = rig.cloud.faults.hub.throttleCounts();
    t.diagnostic(`${sent} messages in ${SECONDS} s, ${refused} refused`);
    assert.deepEqual(failures, []);
    assert.equal(refused, 0);
    assert.ok(sessions.every((session) => session.describe().connects === 1));
    assert.ok(sent > CAVES * SECONDS, "there was a backlog to drain");
  });
});

/** As the courier does: so many in flight, each when the rate lets it go. */
async function drain(
  session: Session,
  { inFlight, perSecond }: { inFlight: number; perSecond: number },
  end: AbortSignal,
  failures: string[],
): Promise<number> {
  const rate = createRate(perSecond, systemClock);
  let sent = 0;
  async function lane(name: number): Promise<void> {
    for (let number = 0; !end.aborted; number += 1) {
      while (rate.wait() > 0) await systemClock.sleep(rate.wait(), end);
      rate.take();
      const message = { messageId: `${name}-${number}`, createdAt: Date.now(), body: "{}", properties: {} };
      await session.send(message, end);
      sent += 1;
    }
  }
  const lanes = Array.from({ length: inFlight }, (_, name) => lane(name));
  for (const outcome of await Promise.allSettled(lanes)) {
    if (outcome.status === "rejected" && !isTimeOver(outcome.reason))
      failures.push(messageOf(outcome.reason));
  }
  return sent;
}

function isTimeOver(error: unknown): boolean {
  return isAborted(error) || (error instanceof Error && error.name === "TimeoutError");
}
