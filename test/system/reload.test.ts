import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { spawnAgent, startCloud, writeAgentConfig } from "../support/rig.js";

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
