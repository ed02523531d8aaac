import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { promisify } from "node:util";

/** The rows of a table that the bench prints. */
async function rowsOf(bench: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [bench, "--smoke"]);
  return stdout.trimEnd().split("\n");
}

describe("the benches", () => {
  it("drain: both ways bring every message to the hub", async () => {
    const [head, ...rows] = await rowsOf("bench/drain/run.mjs");
    assert.match(head ?? "", /ratio/);
    assert.equal(rows.length, 1);
    assert.match(rows[0]?.trim() ?? "", /^(\d+(\.\d+)?\s+){8}\d+$/);
  });

  it("outbox: our store stands beside the others", async () => {
    const [head, ...rows] = await rowsOf("bench/outbox/run.mjs");
    assert.match(head ?? "", /^\s+ours\s+classic-level/);
    assert.equal(rows.length, 10);
  });
});
