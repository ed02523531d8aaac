import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import { loadConfig } from "#agent/config.js";
import type { AgentError } from "#agent/errors.js";
import { askStatus } from "#agent/health/client.js";
import { openStatus } from "#agent/health/room.js";
import { defer } from "../support/cleanup.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { temporaryDirectory } from "../support/pki.js";
import { until } from "../support/until.ts";
import { healthDocument } from "./support.js";

const MINUTE = 60_000;

/** A room whose socket is in the folder `run`, which it makes. */
async function setUp(t: TestContext) {
  const folder = await temporaryDirectory(t);
  const run = join(folder, "run");
  const socket = join(run, "status.sock");
  const file = join(folder, "config.toml");
  writeFileSync(
    file,
    `[device]\ncertificateFile = "x"\nkeyFile = "x"\n[provisioning]\nidScope = "0ne00000000"\n[status]\nsocket = "${socket}"\n`,
  );
  const clock = createFakeClock();
  const changes: (string | undefined)[] = [];
  const open = async () => {
    const room = await openStatus(loadConfig(file, {}), {
      document: healthDocument,
      diagnose: () => Promise.reject(new Error("not asked")),
      log: pino({ level: "silent" }),
      clock,
      onChange: (unusable: AgentError | undefined) => changes.push(unusable?.code),
    });
    const stopping = new AbortController();
    const running = room.run(stopping.signal);
    defer(t, async () => {
      stopping.abort();
      await running;
      await room.close();
    });
    return room;
  };
  return { run, socket, clock, changes, open };
}

test("a socket that cannot be opened is told, and opened once it can be", async (t) => {
  const { run, socket, clock, changes, open } = await setUp(t);
  writeFileSync(run, "in its way");
  await open();
  assert.deepEqual(changes, ["STATUS_SOCKET_UNUSABLE"]);
  rmSync(run);
  await until("it is open", async () => {
    await clock.advance(MINUTE);
    return changes.length > 1;
  });
  assert.deepEqual(changes, ["STATUS_SOCKET_UNUSABLE", undefined]);
  assert.equal((await askStatus(socket)).deviceId, "cave-01");
});

test("a socket whose name somebody has removed is opened anew", async (t) => {
  const { socket, clock, open } = await setUp(t);
  await open();
  rmSync(socket);
  await assert.rejects(askStatus(socket), { code: "AGENT_NOT_RUNNING" });
  const document = await until("it answers", async () => {
    await clock.advance(MINUTE);
    return askStatus(socket).catch(() => undefined);
  });
  assert.equal(document.deviceId, "cave-01");
});

test("a second room on the socket of a living one is refused", async (t) => {
  const { open } = await setUp(t);
  await open();
  await assert.rejects(open(), { code: "STATUS_SOCKET_IN_USE" });
});
