import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { isAgentError } from "#agent/errors.js";
import { connect, type HubLink, type LinkListener } from "#agent/hub/sdk/link.js";
import { register } from "#agent/hub/sdk/registration.js";
import { systemClock } from "#agent/lib/clock.js";
import { startCloud } from "../../support/rig.js";
import { until } from "../../support/until.js";
import { credentialsOf, openSockets } from "./support.ts";

const EARS: LinkListener = {
  onDesired: () => undefined,
  onMethod: async () => ({ status: 200, payload: null }),
  onLost: () => undefined,
};

/** A live link to the hub of a local cloud in this process: two sockets, one of each end. */
async function goOnline(t: TestContext) {
  const rig = await startCloud(t);
  const credentials = await credentialsOf(rig);
  const { dps } = rig.cloud.endpoints;
  const assignment = await register(
    dps.host,
    dps.idScope,
    credentials,
    systemClock,
    new AbortController().signal,
  );
  await until("the DPS is left", () => openSockets() === 0);
  const before = openSockets();
  const { signal } = new AbortController();
  const link = await connect(assignment, credentials, 60_000, EARS, systemClock, signal);
  assert.equal(openSockets(), before + 2);
  return { rig, link, assignment, credentials, before };
}

function send(link: HubLink): void {
  const message = { messageId: "cave-01-1", createdAt: Date.now(), body: "{}", properties: {} };
  link.send(message).catch(() => undefined);
}

test("closed, it says goodbye and is gone", async (t) => {
  const { rig, link, before } = await goOnline(t);
  await link.close();
  await until("its end", () => openSockets() === before);
  assert.deepEqual(rig.cloud.hub.connectedDevices(), []);
});

test("closed while the hub owes a PUBACK, it lets go of its connection all the same", async (t) => {
  const { rig, link, before } = await goOnline(t);
  rig.cloud.faults.hub.withholdPubacks();
  send(link);
  await until("the message", () => rig.cloud.hub.telemetryCounts("cave-01").received === 1);
  await link.close();
  await until("its end", () => openSockets() === before, { seconds: 10 });
});

test("closed when the way to the hub has gone dead, it lets go of its connection all the same", async (t) => {
  const { rig, link, before } = await goOnline(t);
  rig.cloud.faults.hub.blackhole();
  send(link);
  await link.close();
  // The hub's end is held where it is.
  await until("its end", () => openSockets() === before + 1, { seconds: 10 });
});

/** Begins to connect to a hub that does not answer. */
async function beginToConnect(t: TestContext) {
  const { rig, link, assignment, credentials, before } = await goOnline(t);
  await link.close();
  await until("its end", () => openSockets() === before);
  rig.cloud.faults.hub.blackhole();
  const givingUp = new AbortController();
  const opening = connect(assignment, credentials, 60_000, EARS, systemClock, givingUp.signal);
  opening.catch(() => undefined);
  return { opening, before, giveUp: () => givingUp.abort() };
}

test("given up while the hub does not answer, it lets go of its connection at once", async (t) => {
  const { before, giveUp } = await beginToConnect(t);
  await until("both ends", () => openSockets() === before + 2);
  giveUp();
  // The hub's end is held where it is.
  await until("its end", () => openSockets() === before + 1, { seconds: 10 });
});

test("given up before there is a connection to let go of, it opens none", async (t) => {
  const { opening, before, giveUp } = await beginToConnect(t);
  assert.equal(openSockets(), before);
  giveUp();
  await assert.rejects(opening, isAgentError);
  assert.equal(openSockets(), before);
});

test("a hub that answers nonsense was reached: that is what is said", async (t) => {
  const { rig, link, assignment, credentials } = await goOnline(t);
  await link.close();
  rig.cloud.faults.hub.junkTwin();
  const { signal } = new AbortController();
  await assert.rejects(connect(assignment, credentials, 60_000, EARS, systemClock, signal), {
    code: "HUB_GARBLED",
    message: /was reached, but answers nonsense: .*JSON/,
  });
});
