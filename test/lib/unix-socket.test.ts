import assert from "node:assert/strict";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { hearSocket, listenOnPath } from "#agent/lib/unix-socket.js";
import { defer } from "../support/cleanup.ts";
import { temporaryDirectory } from "../support/pki.js";

test("a connection that cannot be accepted is no crash", async (t) => {
  const file = join(await temporaryDirectory(t), "a.sock");
  const server = createServer((socket) => socket.end("here"));
  defer(t, () => server.close());
  await listenOnPath(server, file);
  // What Node does when accept(2) fails, for one because there are no more file descriptors.
  for (const _ of [1, 2]) server.emit("error", new Error("accept EMFILE"));
  assert.equal(await hearSocket(file, () => false), "here");
});

test("a name that is taken is refused, also if nobody listens there; nobody is heard on a name that is not there", async (t) => {
  const file = join(await temporaryDirectory(t), "a.sock");
  const [first, second] = [createServer(), createServer()];
  defer(t, () => first.close());
  await listenOnPath(first, file);
  await assert.rejects(listenOnPath(second, file), { code: "EADDRINUSE" });
  assert.equal(await hearSocket(`${file}x`, () => true), undefined);
  assert.equal(await hearSocket(file, () => true), "");
});
