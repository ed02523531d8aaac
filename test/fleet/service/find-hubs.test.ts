import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { findHubs } from "#fleet/service/find-hubs.js";
import { temporaryFolder } from "../support.ts";

const endpoints = (pid: number) => ({
  version: 1,
  pid,
  trustedCaFile: "/state/ca.pem",
  hubs: [
    { name: "north", hostName: "localhost:1", connectionString: "HostName=localhost:2" },
    { name: "south", hostName: "localhost:3", connectionString: "HostName=localhost:4" },
  ],
});

async function writeEndpoints(stateFolder: string, content: unknown): Promise<void> {
  await mkdir(stateFolder, { recursive: true });
  await writeFile(join(stateFolder, "endpoints.json"), JSON.stringify(content));
}

test("the local cloud is found from a folder below", async (t) => {
  const folder = await temporaryFolder(t);
  await writeEndpoints(join(folder, ".local-cloud"), endpoints(process.pid));
  await mkdir(join(folder, "a", "b"), { recursive: true });
  assert.deepEqual(await findHubs({}, {}, join(folder, "a", "b")), [
    { connectionString: "HostName=localhost:2", trustedCaFile: "/state/ca.pem" },
    { connectionString: "HostName=localhost:4", trustedCaFile: "/state/ca.pem" },
  ]);
});

test("an option wins over the environment, and that over a local cloud", async (t) => {
  const folder = await temporaryFolder(t);
  await writeEndpoints(join(folder, ".local-cloud"), endpoints(process.pid));
  const environment = { CAVE_HUB_CONNECTION_STRING: "from environment" };
  assert.deepEqual(await findHubs({ hubConnectionString: "from option" }, environment, folder), [
    { connectionString: "from option" },
  ]);
  assert.deepEqual(await findHubs({}, environment, folder), [{ connectionString: "from environment" }]);
  assert.equal((await findHubs({ state: ".local-cloud" }, environment, folder)).length, 2);
});

test("without a running cloud it says how to get one", async (t) => {
  const folder = await temporaryFolder(t);
  const noHub = { code: "NO_HUB", remedy: "start one with npm start, or give --hub-connection-string" };
  await assert.rejects(findHubs({ state: join(folder, "missing") }, {}, folder), noHub);
  // No process has this id on Linux, macOS or Windows: what wrote the file is gone.
  await writeEndpoints(join(folder, ".local-cloud"), endpoints(2 ** 30));
  await assert.rejects(findHubs({}, {}, folder), noHub);
});

test("endpoints of another shape are refused, naming the file", async (t) => {
  const folder = await temporaryFolder(t);
  for (const content of [{}, { ...endpoints(process.pid), hubs: [{}] }, [], "text"]) {
    await writeEndpoints(join(folder, ".local-cloud"), content);
    await assert.rejects(findHubs({}, {}, folder), (error: Error) => {
      assert.ok(error.message.includes(join(folder, ".local-cloud", "endpoints.json")));
      return "code" in error && error.code === "ENDPOINTS_INVALID";
    });
  }
});
