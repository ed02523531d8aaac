import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import { pino } from "pino";
import { isAgentError } from "#agent/errors.js";
import { register } from "#agent/hub/sdk/registration.js";
import { systemClock } from "#agent/lib/clock.js";
import { startRelay } from "../../faults/relay.ts";
import { defer } from "../../support/cleanup.ts";
import { startCloud } from "../../support/rig.js";
import { until } from "../../support/until.js";
import { credentialsOf, openSockets } from "./support.ts";

/** Takes connections and never says a word, not even of TLS. */
async function startSilentServer(
  t: TestContext,
): Promise<{ server: Server; endpoint: string; open: Set<Socket> }> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => open.delete(socket));
    socket.resume();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  defer(t, () => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { server, endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`, open };
}

test("ended before it begins, it makes no connection", async (t) => {
  const who = await credentialsOf(await startCloud(t));
  const { server, endpoint } = await startSilentServer(t);
  let connections = 0;
  server.on("connection", () => {
    connections += 1;
  });
  const ended = register(endpoint, "0ne00ABCDEF", who, systemClock, AbortSignal.abort());
  await assert.rejects(ended, { name: "AbortError" });
  await delay(500);
  assert.equal(connections, 0);
});

test("ended while TLS is still being spoken, it lets go of its connection at once", async (t) => {
  const who = await credentialsOf(await startCloud(t));
  const { endpoint, open } = await startSilentServer(t);
  const stopping = new AbortController();
  const registering = register(endpoint, "0ne00ABCDEF", who, systemClock, stopping.signal);
  registering.catch(() => undefined);
  await until("the connection", () => open.size === 1);
  stopping.abort();
  await assert.rejects(registering, isAgentError);
  // MQTT.js would hold it for 60 s.
  await until("its end", () => open.size === 0, { seconds: 10 });
});

test("ended while TCP is still being connected, it leaves no handle", async (t) => {
  const who = await credentialsOf(await startCloud(t));
  const { endpoint, open } = await startSilentServer(t);
  await nextTurn();
  const before = openSockets();
  const stopping = new AbortController();
  const registering = register(endpoint, "0ne00ABCDEF", who, systemClock, stopping.signal);
  registering.catch(() => undefined);
  await until("a connection is begun", () => openSockets() > before);
  stopping.abort();
  await assert.rejects(registering, isAgentError);
  await until("no handle of it", () => openSockets() <= before && open.size === 0, { seconds: 10 });
});

test("ended when the way to the DPS has gone dead meanwhile, it waits for no goodbye", async (t) => {
  let lines = "";
  const write = (line: string) => {
    lines += line;
  };
  const log = pino({ level: "info" }, { write });
  const rig = await startCloud(t, { log });
  const who = await credentialsOf(rig);
  rig.cloud.faults.dps.pollForEver();
  const { dps } = rig.cloud.endpoints;
  const relay = await startRelay(t, dps.host);
  const stopping = new AbortController();
  const registering = register(relay.host, dps.idScope, who, systemClock, stopping.signal);
  registering.catch(() => undefined);
  await until("the registration", () => lines.includes("registered"));
  rig.cloud.faults.dps.blackhole();
  stopping.abort();
  await until("its end", () => relay.openNow() === 0, { seconds: 10 });
  assert.equal(relay.connections(), 1);
});

test("a DPS that is busy has asked for a wait only if its answer says so", async (t) => {
  const rig = await startCloud(t);
  const who = await credentialsOf(rig);
  const { dps } = rig.cloud.endpoints;
  const retryAfter = async () => {
    const error = await register(dps.host, dps.idScope, who, systemClock, new AbortController().signal).then(
      () => assert.fail("it was let in"),
      (reason: unknown) => reason,
    );
    assert.ok(isAgentError(error));
    assert.equal(error.code, "DPS_THROTTLED");
    return error.retryAfter;
  };
  rig.cloud.faults.dps.throttle(1, 7);
  assert.equal(await retryAfter(), 7000);
  rig.cloud.faults.dps.fail(1, 503);
  assert.equal(await retryAfter(), undefined);
});

test("a DPS that answers nonsense is given up at once", async (t) => {
  const rig = await startCloud(t);
  const who = await credentialsOf(rig);
  const { dps } = rig.cloud.endpoints;
  rig.cloud.faults.dps.junk();
  const { signal } = new AbortController();
  await assert.rejects(register(dps.host, dps.idScope, who, systemClock, signal), {
    code: "DPS_FAILED",
    message: /no usable answer/,
  });
});
