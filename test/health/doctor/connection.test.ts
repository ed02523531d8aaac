import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { loadConfig } from "#agent/config.js";
import { connectionCheck } from "#agent/health/doctor/connection.js";
import { hubCheck } from "#agent/health/doctor/hub.js";
import type { StatusDocument } from "#agent/health/status.js";
import { askedOf } from "#agent/hub/assignment.js";
import { createAuthority } from "#fleet/certs/authority.js";
import { startRelay } from "../../faults/relay.ts";
import { openSockets } from "../../hub/sdk/support.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { type AgentOptions, startCloud, writeAgentConfig } from "../../support/rig.js";
import { until } from "../../support/until.ts";
import { healthDocument } from "../support.js";
import { findingOf, type GroundOptions } from "./support.js";

const DAY = 86_400_000;

/** A cloud, what doctor finds with a configuration of it while no agent runs, and how often the DPS was connected to. */
async function setUp(t: TestContext, options: AgentOptions = {}) {
  const rig = await startCloud(t);
  const relay = await startRelay(t, rig.cloud.endpoints.dps.host);
  const config = await writeAgentConfig(rig, { host: relay.host, ...options });
  const look = (ground: GroundOptions = { isAlone: true }) => findingOf(connectionCheck, config, ground);
  return { rig, look, config, asked: relay.connections };
}

function running(connection: Partial<StatusDocument["connection"]>): GroundOptions {
  return { running: healthDocument({ connection: { ...healthDocument().connection, ...connection } }) };
}

/** The assignment that an agent of this configuration would have kept. */
async function assigned(t: TestContext) {
  const made = await setUp(t);
  assert.equal((await made.look()).result, "ok");
  const { provisioning } = loadConfig(made.config);
  const hub = made.rig.cloud.endpoints.hubs[0]?.hostName ?? "";
  return { ...made, assignment: { hub, deviceId: "cave-01", askedOf: askedOf(provisioning, "cave-01") } };
}

test("no agent runs, nothing is kept: the device registers, and the hub lets it in", async (t) => {
  const { rig, look } = await setUp(t);
  const hub = rig.cloud.endpoints.hubs[0]?.hostName;
  const sockets = openSockets();
  assert.deepEqual(await look(), { result: "ok", detail: `${hub} lets cave-01 in, as the DPS assigns` });
  await until("doctor has left the hub", () => openSockets() <= sockets);
  const { reported } = await rig.service.getTwin("cave-01");
  assert.deepEqual(reported, { $version: 1 }, "nothing was written to its twin");
});

test("with a kept assignment the DPS is left alone, unless it was asked of another", async (t) => {
  const { look, asked, assignment } = await assigned(t);
  const before = asked();
  assert.deepEqual(await look({ isAlone: true, assignment }), {
    result: "ok",
    detail: `${assignment.hub} lets cave-01 in, as it was assigned to`,
  });
  assert.equal(asked(), before);
  const foreign = { ...assignment, hub: "localhost:1", askedOf: "another DPS" };
  assert.equal((await look({ isAlone: true, assignment: foreign })).result, "ok");
  assert.ok(asked() > before);
});

test("a hub that refuses the device is a failure, be it kept or just assigned", async (t) => {
  const { rig, look, assignment } = await assigned(t);
  rig.cloud.faults.hub.refuse(5);
  for (const kept of [assignment, undefined]) {
    const { result, detail, remedy, code } = await look({ isAlone: true, assignment: kept });
    assert.deepEqual([result, code], ["failed", "HUB_REFUSED"]);
    assert.match(detail, /^the hub localhost:\d+ refused cave-01: not authorized$/);
    assert.match(remedy ?? "", /check that the device exists/);
  }
});

test("a hub that takes the connection and says nothing is left again", async (t) => {
  const { rig, look, assignment } = await assigned(t);
  rig.cloud.faults.tls.silent("local-hub");
  const clock = createFakeClock(Date.now());
  const before = openSockets();
  const looking = look({ isAlone: true, assignment, clock });
  await until("it connects", () => openSockets() > before);
  await clock.advance(15_000);
  const { result, detail, remedy } = await looking;
  assert.equal(result, "warning");
  assert.match(detail, /^no answer within 15 s: waited for the hub/);
  assert.equal(remedy, "check the network; run doctor again later");
  await until("no connection is left", () => openSockets() <= before);
});

test("an unset clock, an expired certificate: the same is to be done about them as in the handshake", async (t) => {
  const { rig, look, config, assignment } = await assigned(t);
  for (const [kind, code, remedy] of [
    ["not-yet-valid", "CLOCK_BEHIND", "wait for time synchronization, or set the clock"],
    [
      "expired",
      "HUB_UNTRUSTED",
      "check this machine's clock; if it is right, the server's certificate has to be renewed there",
    ],
  ] as const) {
    rig.cloud.faults.tls.presentCertificate(kind);
    const handshake = await findingOf(hubCheck, config, { hub: assignment.hub });
    const connection = await look({ isAlone: true, assignment });
    for (const found of [handshake, connection]) assert.deepEqual([found.code, found.remedy], [code, remedy]);
  }
});

test("a CA that is not enrolled: a failure, with the CA to enrol", async (t) => {
  const { look } = await setUp(t, { authority: await createAuthority({ commonName: "Foreign CA" }) });
  const { result, detail, remedy } = await look();
  assert.equal(result, "failed", detail);
  assert.match(detail, /^the DPS refused to register cave-01: .*\(401002\)$/);
  assert.match(remedy ?? "", /enrol the CA "Foreign CA"/);
});

test("an enrolment that is disabled: a failure", async (t) => {
  const { rig, look } = await setUp(t);
  rig.cloud.dps.setProvisioningStatus("cheesecave-devices", "disabled");
  const { result, remedy } = await look();
  assert.equal(result, "failed");
  assert.match(remedy ?? "", /enable the enrolment group/);
});

test("a wrong ID scope: a failure, and the scope is not printed", async (t) => {
  const { look } = await setUp(t, { idScope: "0neFFFFFFFF" });
  const { result, detail, remedy } = await look();
  assert.equal(result, "failed");
  assert.match(remedy ?? "", /provisioning\.idScope/);
  assert.ok(!detail.includes("0neFFFFFFFF"));
});

test("a DPS that is busy: a warning", async (t) => {
  const { rig, look } = await setUp(t);
  rig.cloud.faults.dps.throttle(1, 3);
  const { result, detail, remedy } = await look();
  assert.equal(result, "warning", detail);
  assert.match(detail, /busy/);
  assert.equal(remedy, "run doctor again later");
});

test("a DPS that cannot be reached is told by the checks above", async (t) => {
  const { look } = await setUp(t, { host: "localhost:1" });
  assert.equal((await look()).result, "skipped");
});

test("a certificate that is not valid yet by this clock: the agent would wait, and so does doctor", async (t) => {
  const validity = { notBefore: new Date(Date.now() + DAY), notAfter: new Date(Date.now() + 9 * DAY) };
  const { look, asked } = await setUp(t, { validity });
  assert.equal((await look()).result, "skipped");
  assert.equal(asked(), 0);
});

test("beside an agent the DPS is left alone: its word is taken, with its remedy", async (t) => {
  const { look, asked } = await setUp(t);
  const { result, detail } = await look(running({}));
  assert.equal(result, "ok");
  assert.match(detail, /online at hub\.example/);
  const remedy = "enable it";
  const refused = {
    state: "disabled",
    cause: "the DPS says no",
    code: "DPS_DISABLED",
    remedy,
  } as const;
  assert.deepEqual(await look(running(refused)), {
    result: "failed",
    detail: "the running agent: the DPS says no",
    remedy,
    code: "DPS_DISABLED",
  });
  const lost = { state: "backing-off", cause: "no route", code: "HUB_UNREACHABLE", remedy } as const;
  assert.equal((await look(running(lost))).result, "warning");
  assert.equal((await look(running({ state: "connecting", cause: "assigned" }))).result, "warning");
  assert.equal((await look({})).result, "skipped", "one that may run, and cannot be asked");
  assert.equal(asked(), 0);
});
