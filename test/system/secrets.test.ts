import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createAuthority } from "#fleet/certs/authority.js";
import { runToEnd, spawnAgent, startAgent, startCloud, writeAgentConfig } from "../support/rig.js";

/** The agent has no use for one; where an operator's shell has it in the environment, it must stay there. */
const SHARED_ACCESS_KEY = "Q0FOQVJZLXNoYXJlZC1hY2Nlc3Mta2V5LWNhbmFyeQ==";

test("the key is in no file of the state directory, also while a new pair is on its way", async (t) => {
  const rig = await startCloud(t);
  const agent = await startAgent(t, rig);
  await agent.logged("online");
  const file = (name: string) => join(rig.folder, `cave-01.${name}.pem`);
  const keys = [readFileSync(file("key"), "utf8")];
  const foreign = await createAuthority({ commonName: "Foreign CA" });
  const { certificatePem, keyPem } = await foreign.issueDevice({ commonName: "cave-01" });
  writeFileSync(file("cert"), certificatePem);
  writeFileSync(file("key"), keyPem);
  keys.push(keyPem);
  const before = agent.lines.length;
  agent.process.kill("SIGHUP");
  await agent.logged("certificate-fallback", { after: before });
  await agent.logged("online", { after: before });
  const state = join(rig.folder, "cave-01.state");
  const names = readdirSync(state, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  assert.ok(names.some(({ name }) => name === "assignment.json"));
  const kept = names.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1")).join("\n");
  const canaries = keys.flatMap((key) => key.split("\n").slice(1, -2));
  for (const canary of [...canaries, "PRIVATE KEY"]) {
    assert.ok(!kept.includes(canary), `kept: ${canary}`);
  }
});

test("no secret is in anything that the agent prints, at the most talkative level, whatever goes wrong", async (t) => {
  const rig = await startCloud(t, { idScope: "0neCANARY01" });
  process.env.CAVE_HUB_CONNECTION_STRING = `HostName=hub.example;SharedAccessKeyName=iothubowner;SharedAccessKey=${SHARED_ACCESS_KEY}`;
  const chatty = '[log]\nlevel = "trace"';
  const outputs: string[] = [];

  const good = await startAgent(t, rig, { extra: chatty });
  await good.logged("online");
  for (const method of ["GetStatus", "Diagnose", "ReadSensor"]) {
    const { payload } = await rig.service.invoke("cave-01", method, null);
    outputs.push(JSON.stringify(payload));
  }
  const { reported } = await rig.service.getTwin("cave-01");
  outputs.push(JSON.stringify(reported));
  const config = join(rig.folder, "cave-01.toml");
  const key = readFileSync(join(rig.folder, "cave-01.key.pem"), "utf8").split("\n");
  const certificate = readFileSync(join(rig.folder, "cave-01.cert.pem"), "utf8").split("\n");
  for (const command of [["status"], ["status", "--json"], ["doctor"], ["doctor", "--json"]]) {
    outputs.push((await runToEnd(t, [...command, "--config", config])).output);
  }
  await good.stop();
  outputs.push(good.output());

  const foreign = await createAuthority({ commonName: "Foreign CA" });
  for (const wrong of [{ authority: foreign }, { idScope: "0neCANARY02" }]) {
    const file = await writeAgentConfig(rig, { ...wrong, deviceId: "cave-02", extra: chatty });
    const agent = spawnAgent(t, ["run", "--config", file], "cave-02");
    await agent.logged("backing-off");
    await agent.stop();
    outputs.push(agent.output());
  }

  const all = outputs.join("\n");
  assert.ok(all.length > 5000, "there was something to look through");
  const secrets = [
    "0neCANARY",
    ...key.slice(1, -2),
    ...certificate.slice(1, -2),
    SHARED_ACCESS_KEY,
    "PRIVATE KEY",
    "BEGIN CERT",
  ];
  for (const secret of secrets.filter((line) => line.length >= 8)) {
    assert.ok(!all.includes(secret), `printed: ${secret}`);
  }
});
