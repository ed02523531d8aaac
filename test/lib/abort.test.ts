import assert from "node:assert/strict";
import { test } from "node:test";
import { linkSignals } from "#agent/lib/abort.js";

test("it aborts with any of its sources, with their reason, and by itself", () => {
  const [one, two] = [new AbortController(), new AbortController()];
  const linked = linkSignals(one.signal, two.signal);
  two.abort(new Error("the second"));
  assert.equal((linked.signal.reason as Error).message, "the second");
  assert.equal(linkSignals(two.signal).signal.aborted, true);
  const own = linkSignals(one.signal);
  own.abort();
  assert.equal(own.signal.aborted, true);
  assert.equal(one.signal.aborted, false);
});

test("once released it no longer hears its sources, and a hundred at a time are no leak to Node", async () => {
  const source = new AbortController();
  const warnings: Error[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  process.on("warning", listen);
  const linked = Array.from({ length: 100 }, () => linkSignals(source.signal));
  for (const each of linked) each.release();
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", listen);
  source.abort();
  assert.ok(linked.every(({ signal }) => !signal.aborted));
  assert.deepEqual(warnings, []);
});
