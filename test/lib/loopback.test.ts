import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLoopback } from "#agent/lib/loopback.js";

test("addresses of this machine alone, with a port", () => {
  assert.deepEqual(parseLoopback("127.0.0.1:9464"), { host: "127.0.0.1", port: 9464 });
  assert.deepEqual(parseLoopback("127.8.9.10:0"), { host: "127.8.9.10", port: 0 });
  assert.deepEqual(parseLoopback("[::1]:65535"), { host: "::1", port: 65_535 });
  assert.deepEqual(parseLoopback("localhost:9464"), { host: "127.0.0.1", port: 9464 });
});

test("what other machines could reach, or is no address and port, is none", () => {
  for (const text of [
    "0.0.0.0:9464",
    "[::]:9464",
    "192.168.1.10:9464",
    "cave.example:9464",
    "127.0.0.1.example:9464",
    "[fe80::1]:9464",
    "9464",
    "",
    ":9464",
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:99999",
    "127.1:9464",
    "http://127.0.0.1:9464",
  ]) {
    assert.equal(parseLoopback(text), undefined, text);
  }
});
