import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLogLine } from "#fleet/simulate/agent-log.js";

test("events and final counts are read", () => {
  const outbox = { taken: 9, acknowledged: 9, waiting: 0, dropped: 0, lastSequence: 9 };
  const line = parseLogLine(JSON.stringify({ level: 30, event: "stopped", outbox, msg: "stopped" }));
  assert.equal(line?.event, "stopped");
  assert.deepEqual(line?.outbox, { taken: 9, acknowledged: 9, waiting: 0, dropped: 0 });
  assert.equal(line?.error, undefined);
});

test("errors are read with their cause, and so is what is no JSON", () => {
  const line = { level: 50, event: "x", msg: "cannot connect", err: { message: "ECONNREFUSED" } };
  assert.equal(parseLogLine(JSON.stringify(line))?.error, "cannot connect: ECONNREFUSED");
  assert.equal(parseLogLine(JSON.stringify({ ...line, level: 40 }))?.error, undefined);
  assert.equal(parseLogLine("TypeError: x is not a function")?.error, "TypeError: x is not a function");
  assert.equal(parseLogLine("  "), undefined);
});
