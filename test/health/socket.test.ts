import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type IncomingMessage, type RequestOptions, request } from "node:http";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { isAgentError } from "#agent/errors.js";
import {
  openLoopbackServer,
  openStatusServer,
  type StatusServer,
  type StatusServerOptions,
} from "#agent/health/socket.js";
import { checkSocket } from "#agent/health/unix-socket.js";
import { defer } from "../support/cleanup.ts";
import { temporaryDirectory } from "../support/pki.js";
import { healthDocument } from "./support.js";

const REPORT = { at: "", agent: "", counts: { ok: 0, warning: 0, failed: 0, skipped: 0 }, checks: [] };

async function open(
  t: TestContext,
  options: Partial<StatusServerOptions> = {},
): Promise<{ socket: string; server: StatusServer }> {
  const socket = options.socket ?? join(await temporaryDirectory(t), "run", "status.sock");
  const server = await openStatusServer({
    socket,
    document: healthDocument,
    diagnose: async () => REPORT,
    ...options,
  });
  defer(t, () => server.close());
  return { socket, server };
}

async function ask(
  options: RequestOptions,
): Promise<{ status: number; body: string; headers: IncomingMessage["headers"] }> {
  const asked = request({ agent: false, ...options }).end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += chunk;
  return { status: response.statusCode ?? 0, body, headers: response.headers };
}

function refusal(code: string, text: RegExp) {
  return (error: unknown) =>
    isAgentError(error) && error.code === code && text.test(`${error.message}; ${error.remedy}`);
}

test("the socket is for owner and group only, and is gone after the end", async (t) => {
  const before = process.umask();
  const { socket, server } = await open(t);
  assert.equal(statSync(socket).mode & 0o777, 0o660);
  assert.equal(process.umask(), before);
  await server.close();
  assert.ok(!existsSync(socket));
});

test("/status is the document, /metrics the text format, /diagnose doctor's report", async (t) => {
  const { socket } = await open(t);
  const status = await ask({ socketPath: socket, path: "/status" });
  assert.deepEqual(JSON.parse(status.body), healthDocument());
  assert.match(status.headers["content-type"] ?? "", /^application\/json/);
  const metrics = await ask({ socketPath: socket, path: "/metrics" });
  assert.equal(metrics.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  assert.match(metrics.body, /^cave_temperature_celsius\{source="simulated"\} 12\.26$/m);
  const report = await ask({ socketPath: socket, path: "/diagnose?now" });
  assert.deepEqual(JSON.parse(report.body), REPORT);
});

test("another path is 404 and names those there are; another method is 405", async (t) => {
  const { socket } = await open(t);
  const unknown = await ask({ socketPath: socket, path: "/shutdown" });
  assert.equal(unknown.status, 404);
  assert.match(unknown.body, /\/status, \/metrics, \/diagnose/);
  for (const method of ["POST", "PUT", "DELETE", "HEAD"]) {
    const { status, headers } = await ask({ socketPath: socket, path: "/status", method });
    assert.equal(status, 405, method);
    assert.equal(headers.allow, "GET");
  }
});

test("a fault while describing is answered with 500, and the next question is heard", async (t) => {
  let isBroken = true;
  const document = () => {
    if (isBroken) throw new Error("no status now");
    return healthDocument();
  };
  const { socket } = await open(t, { document });
  const { status, body } = await ask({ socketPath: socket, path: "/status" });
  assert.equal(status, 500);
  assert.match(body, /no status now/);
  isBroken = false;
  assert.equal((await ask({ socketPath: socket, path: "/status" })).status, 200);
});

test("the socket that a killed daemon left behind is replaced", async (t) => {
  const socket = join(await temporaryDirectory(t), "status.sock");
  const code = `require("node:net").createServer().listen(${JSON.stringify(socket)}, () => console.log("up"))`;
  const daemon = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  await once(daemon.stdout, "data");
  daemon.kill("SIGKILL");
  await once(daemon, "exit");
  assert.ok(existsSync(socket));
  await open(t, { socket });
  assert.equal((await ask({ socketPath: socket, path: "/status" })).status, 200);
});

test("the socket of a living daemon is refused and left to it", async (t) => {
  const { socket } = await open(t);
  await assert.rejects(open(t, { socket }), refusal("STATUS_SOCKET_IN_USE", /another agent.*stop the other/));
  assert.equal((await ask({ socketPath: socket, path: "/status" })).status, 200);
});

test("what is no socket is left as it is; a path that is too long is refused", async (t) => {
  const folder = await temporaryDirectory(t);
  const file = join(folder, "notes.txt");
  writeFileSync(file, "precious");
  await assert.rejects(
    open(t, { socket: file }),
    refusal("STATUS_SOCKET_UNUSABLE", /something else than a socket/),
  );
  assert.equal(readFileSync(file, "utf8"), "precious");
  const long = join(folder, "x".repeat(120));
  await assert.rejects(
    open(t, { socket: long }),
    refusal("STATUS_SOCKET_UNUSABLE", /longer than 10[37] bytes/),
  );
  const below = join(file, "status.sock");
  await assert.rejects(open(t, { socket: below }), refusal("STATUS_SOCKET_UNUSABLE", /ENOTDIR|EEXIST/));
});

test("the look before the start takes a socket for one, and refuses what is something else", async (t) => {
  const { socket } = await open(t);
  await checkSocket(socket);
  const file = join(dirname(socket), "notes.txt");
  writeFileSync(file, "precious");
  await assert.rejects(checkSocket(file), refusal("STATUS_SOCKET_UNUSABLE", /something else than a socket/));
  assert.equal(readFileSync(file, "utf8"), "precious");
});

test("a client that reads nothing is cut off, and meanwhile others are answered", async (t) => {
  const deviceId = "x".repeat(8_000_000);
  let isLarge = true;
  const document = () => healthDocument(isLarge ? { deviceId } : {});
  const { socket } = await open(t, { document, idleAfter: 500 });
  const client = connect(socket);
  defer(t, () => client.destroy());
  client.on("error", () => undefined);
  await once(client, "connect");
  client.pause();
  client.write("GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(50));
  await delay(200);
  isLarge = false;
  assert.equal((await ask({ socketPath: socket, path: "/status" })).status, 200);
  await delay(2000);
  let received = 0;
  client.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  client.resume();
  await once(client, "close");
  assert.ok(received > 0 && received < deviceId.length, `${received} bytes`);
});

test("it ends at once though clients hang and a diagnosis runs", async (t) => {
  let isAsked = false;
  const diagnose = () => {
    isAsked = true;
    return new Promise<never>(() => undefined);
  };
  const { socket, server } = await open(t, { diagnose });
  const silent = connect(socket);
  await once(silent, "connect");
  const asking = ask({ socketPath: socket, path: "/diagnose" });
  asking.catch(() => undefined);
  while (!isAsked) await delay(10);
  const start = performance.now();
  await server.close();
  const took = performance.now() - start;
  // Promised are 200 ms; without the cut it would be the 10 s of an idle connection.
  assert.ok(took < 1000, `${took} ms`);
  await assert.rejects(asking);
});

test("on loopback TCP there are status and metrics, for this machine's names only", async (t) => {
  const server = await openLoopbackServer("127.0.0.1:0", healthDocument);
  defer(t, () => server.close());
  const { host, port } = server.address;
  const get = (path: string, headers = {}) => ask({ host, port, path, headers });
  assert.equal((await get("/status")).status, 200);
  assert.equal((await get("/metrics", { Host: `localhost:${port}` })).status, 200);
  assert.equal((await get("/metrics", { Host: `[::1]:${port}` })).status, 200);
  assert.equal((await get("/diagnose")).status, 404);
  for (const name of [
    "cave.example",
    `127.0.0.1.cave.example:${port}`,
    "localhost.cave.example",
    "10.0.0.1",
  ]) {
    const { status, body } = await get("/status", { Host: name });
    assert.equal(status, 403, name);
    assert.ok(!body.includes("cave-01"));
  }
});

test("an address that other machines could reach is refused before anything listens", async () => {
  for (const listen of ["0.0.0.0:9464", "cave.example:9464", "9464"]) {
    await assert.rejects(openLoopbackServer(listen, healthDocument), /not address:port on loopback/);
  }
});

test("a folder that may not be written is named", { skip: process.getuid?.() === 0 }, async (t) => {
  const folder = await temporaryDirectory(t);
  chmodSync(folder, 0o500);
  const socket = join(folder, "status.sock");
  await assert.rejects(open(t, { socket }), refusal("STATUS_SOCKET_UNUSABLE", /EACCES/));
  chmodSync(folder, 0o700);
});
