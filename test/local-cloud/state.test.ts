import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { test } from "node:test";
import { loadServerCredentials } from "#cloud/certificates/server-certificate.js";
import { LocalCloudError, startLocalCloud } from "#cloud/index.js";
import { defer } from "../support/cleanup.ts";
import { createTestCa, temporaryDirectory } from "../support/pki.ts";
import { connectDevice, GROUP, joinDevice, register, serviceOf, startStage, until } from "./support.ts";

const DAY = 86_400_000;

test("devices, twins, keys and the ID scope survive a restart; endpoints.json does not outlive its cloud", async (t) => {
  const { cloud, ca, directory } = await startStage(t);
  const pair = await ca.issueDevice({ commonName: "cave-01" });
  const first = await register(cloud, "cave-01", pair);
  await serviceOf(cloud).registry.updateTwin(
    "cave-01",
    { properties: { desired: { targetTemperature: 9 } } },
    "*",
  );
  const written = JSON.parse(readFileSync(cloud.endpointsFile, "utf8"));
  assert.deepEqual(written, cloud.endpoints);
  assert.equal(written.pid, process.pid);
  await cloud.close();
  assert.equal(existsSync(cloud.endpointsFile), false);

  const again = await startLocalCloud({
    stateDirectory: `${directory}/state`,
    enrollmentGroups: [{ enrollmentGroupId: GROUP, certificateFile: ca.certificateFile }],
    retryAfter: 0.05,
  });
  defer(t, () => again.close());
  assert.equal(again.endpoints.dps.idScope, cloud.endpoints.dps.idScope);
  const keyOf = (text: string) => /SharedAccessKey=(.*)$/.exec(text)?.[1];
  const [before, after] = [cloud, again].map(({ endpoints }) =>
    keyOf(endpoints.hubs[0]?.connectionString ?? ""),
  );
  assert.equal(after, before);
  // No registration in between: the hub still knows the device.
  const client = await connectDevice(t, again, "cave-01", pair);
  assert.equal((await client.getTwin()).properties.desired.targetTemperature, 9);
  assert.equal((await register(again, "cave-01", pair)).createdDateTimeUtc, first.createdDateTimeUtc);
});

test("what a device reports is on disk soon, without a change of its connection", async (t) => {
  const stage = await startStage(t);
  const { client } = await joinDevice(t, stage, "cave-01");
  const kept = () => {
    const [hub] = JSON.parse(readFileSync(`${stage.directory}/state/state.json`, "utf8")).hubs;
    const [device] = hub.devices;
    return device as
      | { connectionStateUpdatedTime: string; twin: { reported: { values: object } } }
      | undefined;
  };
  await until(
    "the connection to be kept",
    () => kept()?.connectionStateUpdatedTime.startsWith("0001") === false,
  );
  const twin = await client.getTwin();
  twin.properties.reported.update({ fanState: "on" }, () => undefined);
  await until("the report to be kept", () => "fanState" in (kept()?.twin.reported.values ?? {}));
});

test("all that is secret is its owner's alone", async (t) => {
  const { cloud, directory } = await startStage(t);
  await cloud.close();
  const mode = (name: string) => statSync(`${directory}/state/${name}`).mode & 0o777;
  assert.equal(mode(""), 0o700);
  for (const name of ["state.json", "iothubowner.key", "tls/ca.key", "tls/server.key"])
    assert.equal(mode(name), 0o600, name);
  const open = await startLocalCloud({ stateDirectory: `${directory}/state` });
  assert.equal(mode("endpoints.json"), 0o600);
  await open.close();
});

test("a second start on the same folder is refused with the pid; a dead one's file is replaced", async (t) => {
  const { cloud, directory } = await startStage(t);
  const stateDirectory = `${directory}/state`;
  await assert.rejects(startLocalCloud({ stateDirectory }), (error: unknown) => {
    assert.ok(error instanceof LocalCloudError);
    assert.equal(error.code, "configuration");
    assert.match(error.message, new RegExp(`in use by pid ${process.pid}`));
    return true;
  });
  assert.ok(existsSync(cloud.endpointsFile), "the running one keeps its file");
  await cloud.close();
  // Above the largest pid of Linux: nobody's.
  const dead = JSON.stringify({ pid: 2 ** 22 + 1 });
  writeFileSync(cloud.endpointsFile, dead);
  writeFileSync(`${stateDirectory}/lock`, dead);
  const again = await startLocalCloud({ stateDirectory });
  assert.equal(JSON.parse(readFileSync(again.endpointsFile, "utf8")).pid, process.pid);
  await again.close();
});

test("where another program has the pid of one that died, one remedy names all that has to go", async (t) => {
  const stateDirectory = await temporaryDirectory(t);
  const stale = ["endpoints.json", "lock"].map((name) => `${stateDirectory}/${name}`);
  for (const file of stale) writeFileSync(file, JSON.stringify({ pid: process.ppid }));
  await assert.rejects(startLocalCloud({ stateDirectory }), (error: unknown) => {
    assert.ok(error instanceof LocalCloudError);
    assert.ok(
      error.remedy.includes(`delete ${stale.join(" and ")} if pid ${process.ppid} is no`),
      error.remedy,
    );
    return true;
  });
  for (const file of stale) rmSync(file);
  await (await startLocalCloud({ stateDirectory })).close();
});

test("a start that fails leaves nothing behind, and says what is wrong", async (t) => {
  const directory = await temporaryDirectory(t);
  const stateDirectory = `${directory}/state`;
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  defer(t, async () => {
    taken.close();
  });
  const address = taken.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  await assert.rejects(
    startLocalCloud({ stateDirectory, ports: { service: port } }),
    new RegExp(`port ${port} on loopback is in use`),
  );
  const leaf = await (await createTestCa(directory)).issueDevice({ commonName: "cave-01" });
  writeFileSync(`${directory}/leaf.pem`, leaf.certificatePem);
  const group = (certificateFile: string) => [{ enrollmentGroupId: GROUP, certificateFile }];
  await assert.rejects(
    startLocalCloud({ stateDirectory, enrollmentGroups: group(`${directory}/leaf.pem`) }),
    /is no CA certificate/,
  );
  await assert.rejects(
    startLocalCloud({ stateDirectory, enrollmentGroups: group(`${directory}/none.pem`) }),
    /cannot read a CA.*ENOENT/,
  );
  writeFileSync(`${stateDirectory}/state.json`, "{");
  await assert.rejects(
    startLocalCloud({ stateDirectory }),
    /the device registry in .*state\.json cannot be read/,
  );
  assert.equal(
    readFileSync(`${stateDirectory}/state.json`, "utf8"),
    "{",
    "what could not be read is not overwritten",
  );
  assert.equal(existsSync(`${stateDirectory}/endpoints.json`), false);
  assert.equal(existsSync(`${stateDirectory}/lock`), false);
});

test("close ends open connections and waiting method calls at once", async (t) => {
  const stage = await startStage(t);
  const { client } = await joinDevice(t, stage, "cave-01");
  client.onDeviceMethod("Slow", () => undefined);
  const { client: service } = serviceOf(stage.cloud);
  const params = { methodName: "Slow", responseTimeoutInSeconds: 60, connectTimeoutInSeconds: 60 };
  const call = service.invokeDeviceMethod("cave-01", params).then(
    () => "answered",
    () => "refused",
  );
  const begun = Date.now();
  await stage.cloud.close();
  assert.equal(await call, "refused");
  assert.ok(Date.now() - begun < 2000);
});

test("the servers' certificates are kept, and remade near their end", async (t) => {
  const directory = await temporaryDirectory(t);
  const now = new Date();
  const first = await loadServerCredentials(directory, now);
  assert.deepEqual(await loadServerCredentials(directory, now), first);
  const later = await loadServerCredentials(directory, new Date(now.getTime() + 370 * DAY));
  assert.notEqual(later.certificate, first.certificate);
  const ca = readFileSync(first.caFile, "utf8");
  assert.ok(
    new X509Certificate(later.certificate).verify(new X509Certificate(ca).publicKey),
    "under the same CA",
  );
  await loadServerCredentials(directory, new Date(now.getTime() + 1800 * DAY));
  assert.notEqual(readFileSync(first.caFile, "utf8"), ca);
  writeFileSync(`${directory}/server.key`, "damaged");
  const mended = await loadServerCredentials(directory, now);
  assert.match(mended.key, /PRIVATE KEY/);
});
