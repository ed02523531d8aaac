import assert from "node:assert/strict";
import { test } from "node:test";
import { AgentError, causeOf } from "#agent/errors.js";

test("an error is told with its code and its remedy; one that nobody has foreseen has neither", () => {
  const error = new AgentError("no\n answer", { code: "FAN_FAILED", retryable: true, remedy: "look" });
  assert.deepEqual(causeOf(error), { cause: "no answer", code: "FAN_FAILED", remedy: "look" });
  assert.deepEqual(causeOf(new TypeError("x is undefined")), { cause: "x is undefined" });
});
