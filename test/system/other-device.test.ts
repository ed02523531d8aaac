import assert from "node:assert/strict";
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runToEnd, spawnAgent, startAgent, startCloud, writeAgentConfig } from "../support/rig.js";
import { until } from "../support/until.js";

/** Every file below, with its content. */
function contentOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  return Object.fromEntries(
    files
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((file) => [file, readFileSync(file, "base64")]),
  );
}

test("with another device's certificate the state is left as it is: exit 78, and check and doctor say why", async (t) => {
  const rig = await startCloud(t);
  const first = await startAgent(t, rig, { deviceId: "cave-10", host: "127.0.0.1:1" });
  const state = join(rig.folder, "cave-10.state");
  await until("a segment", () => {
    const outbox = join(state, "outbox");
    return existsSync(outbox) && readdirSync(outbox).some((name) => name.endsWith(".segment"));
  });
  await first.stop("SIGKILL");
  const config = join(rig.folder, "cave-10.toml");
  await writeAgentConfig(rig, { deviceId: "cave-12" });
  for (const name of ["cert.pem", "key.pem"]) {
    copyFileSync(join(rig.folder, `cave-12.${name}`), join(rig.folder, `cave-10.${name}`));
  }
  const before = contentOf(state);
  for (const args of [
    ["run", "--config", config],
    ["config", "check", config],
  ]) {
    const { code, output } = await runToEnd(t, args);
    assert.equal(code, 78, output);
    assert.match(output, /state\.directory: \S+cave-10\.state is the state of cave-10, not of cave-12/);
    assert.match(output, /move \S+cave-10\.state away, or set state\.directory/);
  }
  const doctor = await runToEnd(t, ["doctor", "--config", config]);
  assert.notEqual(doctor.code, 0);
  assert.match(doctor.output, /is the state of cave-10, not of cave-12/);
  assert.deepEqual(contentOf(state), before);
  assert.equal(rig.cloud.hub.telemetryCounts().received, 0);
});

test("a state directory that does not say whose it is belongs to the device that uses it next", async (t) => {
  const rig = await startCloud(t);
  const first = await startAgent(t, rig);
  await first.logged("online");
  await first.stop();
  const file = join(rig.folder, "cave-01.state", "device.json");
  assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), { id: "cave-01" });
  rmSync(file);
  const second = spawnAgent(t, ["run", "--config", join(rig.folder, "cave-01.toml")]);
  await second.logged("online");
  assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), { id: "cave-01" });
});
