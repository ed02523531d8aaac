import assert from "node:assert/strict";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { status } from "#agent/commands/status.js";
import type { HealthDocument } from "#agent/health/document.js";
import { openStatusServer } from "#agent/health/socket.js";
import { systemClock } from "#agent/lib/clock.js";
import { lockState } from "#agent/state/lock.js";
import { healthDocument } from "../health/support.js";
import { defer } from "../support/cleanup.ts";
import { temporaryDirectory } from "../support/pki.js";

async function ask(socket: string, json = false) {
  let said = "";
  let complained = "";
  const code = await status(
    { socket, stateDirectory: dirname(socket), json },
    {
      say: (text) => {
        said += text;
      },
      complain: (text) => {
        complained += text;
      },
    },
  );
  return { code, said, complained };
}

async function serve(t: TestContext, changes: Partial<HealthDocument> = {}): Promise<string> {
  const socket = join(await temporaryDirectory(t), "status.sock");
  const server = await openStatusServer({
    socket,
    document: () => healthDocument(changes),
    diagnose: () => Promise.reject(new Error("not asked")),
  });
  defer(t, () => server.close());
  return socket;
}

test("for people: aligned, simulated values marked, conditions with cause and remedy", async (t) => {
  const socket = await serve(t, {
    conditions: [
      {
        code: "SENSOR_FAULT",
        severity: "warning",
        since: "2026-03-01T00:00:00.000Z",
        cause: "NACK",
        remedy: "Look.",
      },
    ],
  });
  const { code, said, complained } = await ask(socket);
  assert.equal(code, 0);
  assert.equal(complained, "");
  assert.equal(
    said,
    `cave         cave-01
agent        0.2.0 on Node 20.19.0, up 1 d 2 h
connection   online at hub.example since 2026-03-01T00:00:02.000Z
sensor       simulated, ok, good
temperature  ~12.26 °C    target 12 ± 1 °C
humidity     ~90.44 %RH   target 90 ± 5 %RH
read at      2026-03-02T02:03:04.500Z
fan          on (too-warm)
             simulated: the sensor is simulated
outbox       3 waiting, 15 acknowledged, 2 dropped
alerts       temperature
conditions:
  warning  SENSOR_FAULT since 2026-03-01T00:00:00.000Z
           NACK
           → Look.
~ simulated, not measured
`
      .replaceAll("°C    target", "°C   target")
      .replaceAll("%RH   target", "%RH  target"),
  );
});

test("measured values carry no mark; offline says why; an override and a held fan say until when", async (t) => {
  const { connection, fan, agent } = healthDocument();
  const faults = { nack: 12, crc: 3, timeout: 0, reset: 0, bus: 0 };
  const socket = await serve(t, {
    agent: { ...agent, uptime: 0 },
    connection: { ...connection, state: "backing-off", cause: "ECONNREFUSED" },
    sensor: {
      source: "sht31",
      serial: "0A1B2C3D",
      state: "failed",
      quality: "missing",
      fault: "NACK",
      code: "SENSOR_NO_ANSWER",
      remedy: "Look.",
      faults,
    },
    reading: { temperature: 11.5, humidity: 88, source: "sht31", readAt: "2026-03-02T00:00:00.000Z" },
    fan: {
      ...fan,
      state: "off",
      reason: "override",
      overrideUntil: "2026-03-02T04:00:00.000Z",
      heldUntil: "2026-03-02T00:01:00.000Z",
      heldBecause: "minimum-off",
    },
  });
  const { said } = await ask(socket);
  assert.ok(!said.includes("~"), said);
  assert.match(said, /^connection +backing-off since .*\n +ECONNREFUSED$/m);
  assert.match(
    said,
    /^sensor +sht31 0A1B2C3D, failed, missing: NACK\n +failed tries since the start: 12 nack, 3 crc$/m,
  );
  assert.match(
    said,
    /^fan +off, wanted on \(override until 2026-03-02T04:00:00\.000Z\); held by minimum-off until 2026-03-02T00:01:00\.000Z$/m,
  );
  assert.match(said, /up 0 s$/m);
  assert.match(said, /^conditions: none$/m);
});

test("for programs: the document as it is", async (t) => {
  const { code, said } = await ask(await serve(t, { reading: null }), true);
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(said), healthDocument({ reading: null }));
});

test("no agent: one line with the socket, one with the remedy, exit 70", async (t) => {
  const socket = join(await temporaryDirectory(t), "status.sock");
  const { code, said, complained } = await ask(socket);
  assert.equal(code, 70);
  assert.equal(said, "");
  assert.equal(
    complained,
    `nobody listens on ${socket}: no agent runs, or it could not open its status socket
start it, name the configuration that it runs with by --config, or look for STATUS_SOCKET_UNUSABLE in its log\n`,
  );
});

test("no agent, for programs: code, message and remedy, exit 70", async (t) => {
  const socket = join(await temporaryDirectory(t), "status.sock");
  const { code, said, complained } = await ask(socket, true);
  assert.deepEqual([code, complained], [70, ""]);
  const { message, remedy, ...rest } = JSON.parse(said);
  assert.deepEqual(rest, { code: "AGENT_NOT_RUNNING" });
  assert.match(message, /^nobody listens on /);
  assert.match(remedy, /^start it/);
});

test("a path that no socket can have is said to be one", async (t) => {
  const { code, complained } = await ask(join(await temporaryDirectory(t), "x".repeat(120)));
  assert.equal(code, 70);
  assert.match(complained, /^nobody can listen on .*: it is longer than 10[37] bytes\nset status\.socket/);
});

test("an agent that has no socket: told as one that runs, with its name", async (t) => {
  const socket = join(await temporaryDirectory(t), "status.sock");
  const lock = await lockState(dirname(socket), "process 17, for cave-01", systemClock);
  defer(t, () => lock.release());
  const { code, complained } = await ask(socket);
  assert.equal(code, 70);
  assert.match(
    complained,
    /^an agent runs that cannot be asked on .*: process 17, for cave-01\n.*status-socket/,
  );
});

test("something else on the socket is not taken for an agent", async (t) => {
  const answers = ["<html>", "null", '{"deviceId": "cave-01"}', "[]"];
  for (const answer of answers) {
    const socket = join(await temporaryDirectory(t), "status.sock");
    const server = createServer((_request, response) => void response.end(answer)).listen(socket);
    defer(t, () => server.close());
    const { code, complained } = await ask(socket);
    assert.equal(code, 70, answer);
    assert.match(complained, /does not answer as an agent does/);
  }
});
