import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { askStatus } from "#agent/health/client.js";
import { createAuthority } from "#fleet/certs/authority.js";
import { runToEnd, spawnAgent, startAgent, startCloud, writeAgentConfig } from "../support/rig.js";
import { until } from "../support/until.js";

test("SIGHUP while the agent starts does not end it", { skip: process.platform === "win32" }, async (t) => {
  const rig = await startCloud(t);
  const config = await writeAgentConfig(rig);
  const file = join(rig.folder, "cave-01.cert.pem");
  const certificate = readFileSync(file);
  rmSync(file);
  execFileSync("mkfifo", [file]);
  const agent = spawnAgent(t, ["run", "--config", config]);
  // Opened once the agent opens it too: it then waits in the midst of its start.
  const pipe = await open(file, "w");
  agent.process.kill("SIGHUP");
  writeFileSync(`${file}.new`, certificate);
  renameSync(`${file}.new`, file);
  await pipe.writeFile(certificate);
  await pipe.close();
  await agent.logged("online");
  assert.equal((await agent.stop()).code, 0);
});

test("a pair on disk that would not get in is a condition beside a healthy connection, until one does", async (t) => {
  const rig = await startCloud(t);
  const agent = await startAgent(t, rig);
  await agent.logged("online");
  const socket = join(rig.folder, "cave-01.state", "status.sock");
  const held = async () => {
    const { connection, conditions } = await askStatus(socket);
    const codes = conditions.map(({ code }) => code).filter((code) => code.startsWith("CERTIFICATE_"));
    return `${connection.state} ${codes}`;
  };
  const install = (file: "cert" | "key", text: string) => {
    const path = join(rig.folder, `cave-01.${file}.pem`);
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  };
  const foreign = await createAuthority({ commonName: "Foreign CA" });
  const outsider = await foreign.issueDevice({ commonName: "cave-01" });
  install("key", outsider.keyPem);
  agent.process.kill("SIGHUP");
  assert.equal((await agent.logged("certificate-unusable")).code, "CERTIFICATE_UNUSABLE");
  await until("the condition", async () => (await held()) === "online CERTIFICATE_UNUSABLE");

  const before = agent.lines.length;
  install("cert", outsider.certificatePem);
  agent.process.kill("SIGHUP");
  const { code, cause, remedy } = await agent.logged("certificate-fallback", { after: before });
  assert.deepEqual([code, typeof remedy], ["CERTIFICATE_REFUSED", "string"]);
  assert.match(cause ?? "", /does not get in: .*refused/);
  await until("the old pair", async () => (await held()) === "online CERTIFICATE_REFUSED");

  const good = await rig.authority.issueDevice({ commonName: "cave-01" });
  install("cert", good.certificatePem);
  install("key", good.keyPem);
  agent.process.kill("SIGHUP");
  await until("the good pair", async () => (await held()) === "online ");
  await agent.stop();
});

test("SIGHUP ends the wait for the next try, which status tells", async (t) => {
  const rig = await startCloud(t);
  rig.cloud.dps.setProvisioningStatus("cheesecave-devices", "disabled");
  const config = await writeAgentConfig(rig);
  const text = readFileSync(config, "utf8");
  assert.match(text, /retryDisabledAfter = "2s"/);
  writeFileSync(config, text.replace('retryDisabledAfter = "2s"', 'retryDisabledAfter = "1h"'));
  const agent = spawnAgent(t, ["run", "--config", config]);
  const { level, code } = await agent.logged("disabled");
  assert.deepEqual([level, code], [50, "DPS_DISABLED"]);
  const socket = join(rig.folder, "cave-01.state", "status.sock");
  const { connection, conditions } = await askStatus(socket);
  assert.ok(Date.parse(connection.retryAt ?? "") >= Date.parse(connection.since) + 3_600_000);
  assert.ok(conditions.some((condition) => condition.code === "DPS_DISABLED"));
  const { output } = await runToEnd(t, ["status", "--config", config]);
  assert.match(output, /connection +disabled since \S+; next try by \S+\n +DPS_DISABLED: .*\n +→ enable/);
  rig.cloud.dps.setProvisioningStatus("cheesecave-devices", "enabled");
  agent.process.kill("SIGHUP");
  await agent.logged("online");
  assert.equal((await askStatus(socket)).connection.retryAt, null);
  await agent.stop();
});
