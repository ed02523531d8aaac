import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig } from "#agent/config.js";
import { fillTemplate, writeConfigurations } from "#fleet/simulate/configuration.js";
import { temporaryFolder } from "../support.ts";

test("the agent accepts the configuration of every simulated cave", async (t) => {
  const folder = join(await temporaryFolder(t), 'with "quotes" and spaces');
  const world = {
    stateDirectory: folder,
    certificateFolder: join(folder, "certs"),
    dpsHost: "localhost:8883",
    idScope: "0ne00000000",
    trustedCaFile: join(folder, "ca.pem"),
  };
  const files = await writeConfigurations(world, ["cave-01", "cave-02"]);
  const first = loadConfig(files.get("cave-01")?.configFile ?? "", {});
  const second = loadConfig(files.get("cave-02")?.configFile ?? "", {});
  assert.equal(first.provisioning.host, "localhost:8883");
  assert.equal(first.tls.trustedCaFile, world.trustedCaFile);
  assert.equal(first.device.certificateFile, join(folder, "certs", "devices", "cave-01.cert.pem"));
  assert.equal(first.sensor.source, "simulated");
  assert.notEqual(first.simulation.seed, second.simulation.seed);
  assert.notEqual(first.state.directory, second.state.directory);
});

test("a value that the template asks for and nobody knows is an error", () => {
  assert.equal(fillTemplate('a = "@a@"\nb = "@b@"', { a: "C:\\x", b: 3 }), 'a = "C:\\\\x"\nb = 3');
  assert.throws(() => fillTemplate('a = "@other@"', { a: 1 }), /@other@/);
});
