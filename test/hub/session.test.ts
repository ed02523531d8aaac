import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { connect } from "node:tls";
import type { AgentError } from "#agent/errors.js";
import { readTrustedCa } from "#agent/hub/identity.js";
import { createAuthority, type Pair } from "#fleet/certs/authority.js";
import { type CloudRig, startCloud } from "../support/rig.ts";
import { startStrictServer } from "../support/strict-server.ts";
import { until } from "../support/until.ts";
import { type SessionRig, startSession } from "./support.ts";

/** Nobody listens there. */
const NO_DPS = "localhost:1";

function hostOf(rig: CloudRig, hub: string): string | undefined {
  return rig.cloud.endpoints.hubs.find(({ name }) => name === hub)?.hostName;
}

test("after ten failures, with the DPS out of reach, the old hub is tried again, in turn with the DPS", async (t) => {
  const rig = await startCloud(t);
  const { session, states, reached } = await startSession(t, rig, { dpsHost: NO_DPS });
  await reached("online");
  await rig.cloud.hub.stop();
  await reached("provisioning");
  const from = states.length;
  await reached("connecting", from);
  await reached("provisioning", from);
  await rig.cloud.hub.start();
  await reached("online", from);
  assert.equal(session.describe().hub, rig.cloud.endpoints.hubs[0]?.hostName);
});

test("told to provision anew, with the DPS out of reach, it comes back to the old hub and asks again next time", async (t) => {
  const rig = await startCloud(t);
  const { session, states, reached } = await startSession(t, rig, { dpsHost: NO_DPS });
  await reached("online");
  for (const tell of [session.reprovision, () => session.reconnect("test")]) {
    const from = states.length;
    tell();
    await reached("provisioning", from);
    await reached("online", from);
  }
});

test("an old hub that refuses is left for the one that the DPS names, and kept", async (t) => {
  const rig = await startCloud(t, { hubs: ["north", "south"] });
  rig.cloud.dps.assignTo("south");
  rig.cloud.faults.hub.refuse(5);
  const { session, states, reached, assignmentFile } = await startSession(t, rig);
  await reached("online");
  const south = hostOf(rig, "south");
  assert.equal(session.describe().hub, south);
  assert.equal((JSON.parse(readFileSync(assignmentFile, "utf8")) as { hub: string }).hub, south);
  assert.equal(states.filter((state) => state.startsWith("provisioning")).length, 1);
});

/** Begins a connection that hangs until `faults.clear`. */
async function hang(rig: CloudRig, { session, states, reached }: SessionRig): Promise<void> {
  const from = states.length;
  rig.cloud.faults.hub.blackhole();
  session.reconnect("test");
  await reached("connecting", from);
}

test("a foreign pair that is found while the old one connects is not taken for proven", async (t) => {
  const rig = await startCloud(t);
  const found = await startSession(t, rig);
  const { session, identity, states, connectedAs, told, install, reached } = found;
  await reached("online");
  await hang(rig, found);
  const foreign = await createAuthority({ commonName: "Foreign CA" });
  install(await foreign.issueDevice({ commonName: "cave-01" }));
  assert.equal(identity.reload(), true);
  const hung = states.length;
  rig.cloud.faults.clear();
  await reached("online", hung);
  const from = states.length;
  session.reconnect("test");
  await reached("online", from);
  assert.deepEqual(told, ["new", "fallback"]);
  assert.equal(connectedAs.length, 3);
  assert.equal(new Set(connectedAs).size, 1);
});

test("a sound pair that is found while the old one is being refused is not thrown away", async (t) => {
  const rig = await startCloud(t);
  const found = await startSession(t, rig);
  const { identity, states, connectedAs, told, install, reached } = found;
  await reached("online");
  await hang(rig, found);
  install(await rig.authority.issueDevice({ commonName: "cave-01" }));
  assert.equal(identity.reload(), true);
  const hung = states.length;
  rig.cloud.faults.hub.refuse(5, 1);
  rig.cloud.faults.hub.blackhole(false);
  await reached("online", hung);
  assert.deepEqual(told, ["new"]);
  assert.equal(connectedAs.at(-1), identity.current().thumbprint);
  assert.equal(new Set(connectedAs).size, 2);
});

test("told to reconnect while a try hangs, it gives that up and takes the new pair", async (t) => {
  const rig = await startCloud(t);
  const found = await startSession(t, rig);
  const { session, identity, connectedAs, install, reached } = found;
  await reached("online");
  await hang(rig, found);
  install(await rig.authority.issueDevice({ commonName: "cave-01" }));
  const hung = found.states.length;
  session.reconnect("a new certificate was installed");
  rig.cloud.faults.hub.blackhole(false);
  await reached("online", hung);
  assert.equal(connectedAs.length, 2);
  assert.equal(connectedAs[1], identity.current().thumbprint);
  assert.notEqual(connectedAs[1], connectedAs[0]);
});

test("told to provision anew while a try hangs, it gives that up and goes where the DPS says", async (t) => {
  const rig = await startCloud(t, { hubs: ["north", "south"], retryAfter: 0.05 });
  rig.cloud.dps.assignTo("south");
  const found = await startSession(t, rig);
  const { session, states, reached } = found;
  await reached("online");
  assert.equal(session.describe().hub, hostOf(rig, "north"));
  await hang(rig, found);
  const hung = states.length;
  session.reprovision();
  await reached("online", hung);
  assert.equal(session.describe().hub, hostOf(rig, "south"));
  assert.match(states[hung] ?? "", /^provisioning/);
});

test("begun with a pair that nobody wants, it is online once a right one is in the files", async (t) => {
  const rig = await startCloud(t);
  const foreign = await createAuthority({ commonName: "Foreign CA" });
  const pair = await foreign.issueDevice({ commonName: "cave-01" });
  const { install, connectedAs, reached } = await startSession(t, rig, { pair });
  assert.match(await reached("backing-off"), /refused cave-01|refused to register cave-01/);
  install(await rig.authority.issueDevice({ commonName: "cave-01" }));
  await reached("online");
  assert.equal(connectedAs.length, 1);
});

const HOUR = 3_600_000;
const early = () => ({ commonName: "cave-01", notBefore: new Date(Date.now() + HOUR) });

test("a new pair that is not valid yet leaves the gateway online with the old one", async (t) => {
  const rig = await startCloud(t);
  const { session, identity, states, connectedAs, install, reached } = await startSession(t, rig);
  await reached("online");
  install(await rig.authority.issueDevice(early()));
  assert.equal(identity.reload(), true);
  const from = states.length;
  session.reconnect("test");
  await reached("online", from);
  assert.deepEqual(connectedAs, [connectedAs[0], connectedAs[0]]);
});

test("a pair that replaces one that is not valid yet is seen at once", async (t) => {
  const rig = await startCloud(t);
  const { connectedAs, install, reached } = await startSession(t, rig, {
    pair: await rig.authority.issueDevice(early()),
  });
  assert.match(await reached("waiting-for-clock"), /the certificate is valid from .* on/);
  install(await rig.authority.issueDevice({ commonName: "cave-01" }));
  await reached("online");
  assert.equal(connectedAs.length, 1);
});

/** The first hub, behind one that hangs up on foreign certificates and shows `pair` for all others. */
async function startStrictHub(t: TestContext, rig: CloudRig, pair: Pair, version: "TLSv1.2" | "TLSv1.3") {
  const { hubs, trustedCaFile } = rig.cloud.endpoints;
  const hubPort = Number(hubs[0]?.hostName.split(":")[1]);
  const own = { cert: pair.certificatePem, key: pair.keyPem, ca: readTrustedCa(trustedCaFile) ?? "" };
  const port = await startStrictServer(t, rig, version, (near) => {
    const far = connect({ ...own, host: "localhost", port: hubPort });
    far.on("error", () => near.destroy());
    far.on("close", () => near.destroy());
    near.on("close", () => far.destroy());
    // The hub wants to be called by its own name; both have five digits, so the packet keeps its length.
    near.on("data", (chunk) =>
      far.write(chunk.toString("latin1").replace(name, `localhost:${hubPort}`), "latin1"),
    );
    far.pipe(near);
  });
  const name = `localhost:${port}`;
  return name;
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  test(`a new pair that is turned away in ${version} without a word gives way to the old one`, async (t) => {
    const rig = await startCloud(t);
    const pair = await rig.authority.issueDevice({ commonName: "cave-01" });
    const hub = await startStrictHub(t, rig, pair, version);
    const found = await startSession(t, rig, { hub, pair, dpsHost: NO_DPS });
    const { session, identity, states, connectedAs, told, install, reached } = found;
    await reached("online");
    const foreign = await createAuthority({ commonName: "Foreign CA" });
    install(await foreign.issueDevice({ commonName: "cave-01" }));
    assert.equal(identity.reload(), true);
    for (const failures of [3, 1]) {
      const from = states.length;
      session.reconnect("test");
      await reached("online", from);
      assert.equal(states.slice(from).filter((state) => state.startsWith("backing-off")).length, failures);
    }
    assert.equal(new Set(connectedAs).size, 1);
    assert.deepEqual(told, ["new", "fallback"]);
  });
}

test("a connection that is thrown out counts as lost; one whose end was asked for does not", async (t) => {
  const rig = await startCloud(t);
  const { session, states, reached } = await startSession(t, rig);
  await reached("online");
  const before = states.length;
  session.reconnect("test");
  await reached("online", before);
  assert.deepEqual(states.slice(before, -1), [
    "connecting: test",
    `connecting: assigned to ${session.describe().hub}`,
  ]);
  assert.equal(session.describe().losses, 0);
  session.tryNow();
  assert.equal(session.state(), "online", "nothing waits that could be hurried");
  const from = states.length;
  rig.cloud.faults.hub.drop();
  await reached("online", from);
  assert.equal(session.describe().losses, 1);
});

test("an end that was asked for is no failure, however many there were before", async (t) => {
  const rig = await startCloud(t);
  await rig.cloud.hub.stop();
  const { session, states, reached } = await startSession(t, rig);
  await until("eight failures", () => states.filter((state) => state.startsWith("backing-off")).length >= 8);
  await rig.cloud.hub.start();
  await reached("online");
  const from = states.length;
  session.reprovision();
  await reached("online", from);
  assert.ok(
    !states.slice(from).some((state) => state.startsWith("backing-off")),
    states.slice(from).join("\n"),
  );
});

test("what keeps it from the hub stays in sight while the next try is under way", async (t) => {
  const rig = await startCloud(t);
  rig.cloud.faults.hub.refuse(3, 1);
  const told: [string, string, string | undefined][] = [];
  const onState = (state: string, cause: string, error?: AgentError) =>
    told.push([state, cause, error?.code]);
  const { session } = await startSession(t, rig, { listener: { onState } });
  await until("online", () => session.state() === "online");
  const [failed, ...tries] = told.slice(told.findIndex(([state]) => state === "backing-off"));
  assert.match(failed?.[2] ?? "", /^HUB_/);
  assert.ok(tries.length > 1);
  for (const [state, ...why] of tries.slice(0, -1)) assert.deepEqual(why, failed?.slice(1), state);
  assert.deepEqual([tries.at(-1)?.[0], tries.at(-1)?.[2]], ["online", undefined]);
});
