import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { connectionCheck } from "#agent/health/doctor/connection.js";
import type { StatusDocument } from "#agent/health/status.js";
import { createAuthority } from "#fleet/certs/authority.js";
import { startRelay } from "../../faults/relay.ts";
import { type AgentOptions, startCloud, writeAgentConfig } from "../../support/rig.js";
import { healthDocument } from "../support.js";
import { findingOf, type GroundOptions } from "./support.js";

const DAY = 86_400_000;

/** A cloud, what doctor finds with a configuration of it while no agent runs, and how often the DPS was connected to. */
async function setUp(t: TestContext, options: AgentOptions = {}) {
  const rig = await startCloud(t);
  const relay = await startRelay(t, rig.cloud.endpoints.dps.host);
  const config = await writeAgentConfig(rig, { host: relay.host, ...options });
  const look = (ground: GroundOptions = { isAlone: true }) => findingOf(connectionCheck, config, ground);
  return { rig, look, asked: relay.connections };
}

function running(connection: Partial<StatusDocument["connection"]>): GroundOptions {
  return { running: healthDocument({ connection: { ...healthDocument().connection, ...connection } }) };
}

test("no agent runs: the device registers, and says where it is sent", async (t) => {
  const { rig, look } = await setUp(t);
  const hub = rig.cloud.endpoints.hubs[0]?.hostName;
  assert.deepEqual(await look(), { result: "ok", detail: `the DPS assigns cave-01 to ${hub}` });
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
  const { result, detail } = await look();
  assert.equal(result, "warning", detail);
  assert.match(detail, /busy/);
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
  });
  const lost = { state: "backing-off", cause: "no route", code: "HUB_UNREACHABLE", remedy } as const;
  assert.equal((await look(running(lost))).result, "warning");
  assert.equal((await look(running({ state: "connecting", cause: "assigned" }))).result, "warning");
  assert.equal((await look({})).result, "skipped", "one that may run, and cannot be asked");
  assert.equal(asked(), 0);
});
