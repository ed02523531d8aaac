import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import { loadConfig } from "#agent/config.js";
import type { AgentError } from "#agent/errors.js";
import { askStatus } from "#agent/health/client.js";
import { openStatus } from "#agent/health/room.js";
import { type Clock, systemClock } from "#agent/lib/clock.js";
import { createPatience, type Patience } from "#agent/lib/patience.js";
import { defer } from "../support/cleanup.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { temporaryDirectory } from "../support/pki.js";
import { until } from "../support/until.ts";
import { healthDocument } from "./support.js";

const MINUTE = 60_000;
const IN_STATE = '[state]\ndirectory = "run"\n';

/** A room whose socket is in the folder `run`, which it makes. */
async function setUp(t: TestContext, statusToml = "", stateToml = "") {
  const folder = await temporaryDirectory(t);
  const run = join(folder, "run");
  const socket = join(run, "status.sock");
  const file = join(folder, "config.toml");
  writeFileSync(
    file,
    `[device]\ncertificateFile = "x"\nkeyFile = "x"\n[provisioning]\nidScope = "0ne00000000"\n[status]\nsocket = "${socket}"\n${statusToml}${stateToml}`,
  );
  const clock = createFakeClock();
  // The disk is a real one, and is given real time.
  const diskClock: Clock = { ...clock, after: systemClock.after };
  const changes: (string | undefined)[] = [];
  const causes: string[] = [];
  const patience = createPatience(run, diskClock);
  const open = async () => {
    const room = await openStatus(loadConfig(file, {}), {
      document: healthDocument,
      diagnose: () => Promise.reject(new Error("not asked")),
      log: pino({ level: "silent" }),
      clock: diskClock,
      patience,
      onChange: (unusable: AgentError | undefined) => {
        changes.push(unusable?.code);
        if (unusable) causes.push(unusable.message);
      },
    });
    const stopping = new AbortController();
    const running = room.run(stopping.signal);
    const close = async () => {
      stopping.abort();
      await running;
      await room.close();
    };
    defer(t, close);
    return { close };
  };
  return { run, socket, clock, patience, changes, causes, open };
}

/** A disk that owes an answer, and has been given up, until what it gives is called. */
async function hang(patience: Patience): Promise<() => void> {
  let answer = (): void => undefined;
  const hangs = () =>
    new Promise<void>((end) => {
      answer = end;
    });
  await assert.rejects(patience(hangs, 1), { code: "STATE_NOT_KEPT" });
  return () => answer();
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

test("a port that is taken is told by name and tried again; the socket is there meanwhile", async (t) => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  defer(t, () => other.close());
  const address = other.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const { run, socket, clock, changes, causes, open } = await setUp(t, `listen = "127.0.0.1:${port}"\n`);
  await open();
  assert.deepEqual(changes, ["STATUS_SOCKET_UNUSABLE"]);
  assert.match(causes[0] ?? "", /^status\.listen: cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/);
  assert.equal((await askStatus(socket)).deviceId, "cave-01");

  rmSync(run, { recursive: true });
  writeFileSync(run, "in its way");
  await until("both are told", async () => {
    await clock.advance(MINUTE);
    return causes.length > 1;
  });
  assert.match(causes[1] ?? "", /^the status socket .* cannot be used: .*; status\.listen: cannot listen/);
  rmSync(run);
  other.close();
  await until("both are open", async () => {
    await clock.advance(MINUTE);
    return changes.at(-1) === undefined;
  });
  assert.equal((await askStatus(socket)).deviceId, "cave-01");
  const { status } = await fetch(`http://127.0.0.1:${port}/metrics`);
  assert.equal(status, 200);
});

test("in a state directory whose disk hangs no socket is opened, and one is once it answers", async (t) => {
  const { run, socket, clock, patience, changes, causes, open } = await setUp(t, "", IN_STATE);
  const answer = await hang(patience);
  await open();
  assert.deepEqual([changes, existsSync(run)], [["STATUS_SOCKET_UNUSABLE"], false]);
  assert.match(causes[0] ?? "", /^the status socket .* cannot be used: .* still owes an answer/);
  answer();
  await until("it is open", async () => {
    await clock.advance(MINUTE);
    return changes.length > 1;
  });
  assert.equal((await askStatus(socket)).deviceId, "cave-01");
});

test("a socket elsewhere is opened, whatever the disk of the state directory owes", async (t) => {
  const { socket, patience, changes, open } = await setUp(t);
  await hang(patience);
  await open();
  assert.deepEqual(changes, []);
  assert.equal((await askStatus(socket)).deviceId, "cave-01");
});

test("the end does not wait for a disk that hangs: the name stays", async (t) => {
  const { socket, patience, open } = await setUp(t, "", IN_STATE);
  const room = await open();
  defer(t, await hang(patience));
  await room.close();
  assert.ok(existsSync(socket));
});
