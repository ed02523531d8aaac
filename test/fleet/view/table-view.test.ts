import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

const PROGRAM = `
  import { createTableView } from "#fleet/view/table-view.js";
  import { emptyRow } from "#fleet/view/row.js";
  const view = createTableView(process.stdout);
  view.show([]);
  view.show([emptyRow("cave-01", "starting")]);
  view.show([{ ...emptyRow("cave-01", "online"), temperature: 12, simulated: true }]);
  view.show([{ ...emptyRow("cave-01", "online"), temperature: 13, simulated: true }]);
`;

const INTERRUPTED = `
  import { createTableView } from "#fleet/view/table-view.js";
  import { emptyRow } from "#fleet/view/row.js";
  process.stdout.isTTY = true;
  const view = createTableView(process.stdout);
  view.show([emptyRow("cave-01", "online")]);
  view.clear();
  console.log("a line that stays");
  view.show([emptyRow("cave-01", "failed")]);
`;

test("on a terminal a line of something else takes the table's place and stays above the next one", async () => {
  const args = ["--input-type=module", "--eval", INTERRUPTED];
  const env = { ...process.env, TERM: "xterm" };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  const [before = "", after = ""] = stdout.split("a line that stays\n");
  assert.ok(before.endsWith("\u001b[2A\r\u001b[J"), JSON.stringify(before));
  assert.match(after, /^cave .*failed/s);
});

test("in a pipe the header and what the mark means come once, and a line a cave and round", async () => {
  const args = ["--input-type=module", "--eval", PROGRAM];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const starts = stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" ")[0]);
  assert.deepEqual(starts, ["no", "cave", "cave-01", "cave-01", "~", "cave-01"]);
});
