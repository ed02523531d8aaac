import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyRow, type Row, rowFromAnswer, rowFromError } from "#fleet/view/row.js";
import { renderTable } from "#fleet/view/table.js";

const status = (source: string) => ({
  connection: { state: "online" },
  reading: { temperature: 11.874, humidity: 91.4, source },
  sensor: { state: "ok" },
  fan: { state: "on", reason: "too-warm" },
  outbox: { taken: 50, acknowledged: 48, waiting: 2, dropped: 0 },
});

test("a real value stands as it is, a simulated one is marked, and the mark explained", () => {
  const real = rowFromAnswer("cave-01", { status: 200, payload: status("sht31") });
  const simulated = rowFromAnswer("cave-02", { status: 200, payload: status("simulated") });
  const lines = renderTable([real, simulated]);
  assert.match(lines[1] ?? "", /^cave-01 {2,}11\.87 °C {2,}91\.40 % {2,}on \(too-warm\) {2,}online {2,}48$/);
  assert.match(lines[2] ?? "", /^cave-02 {2,}~11\.87 °C {2,}~91\.40 % /);
  assert.equal(lines[3], "~ simulated, not measured");
  assert.ok(!renderTable([real]).some((line) => line.includes("simulated")));
});

test("what is not known is a dash, and what is wrong is said", () => {
  const rows: Row[] = [
    rowFromError("cave-01", Object.assign(new Error("cave-01 is offline"), { code: "404103" })),
    rowFromError("cave-02", Object.assign(new Error("did not answer"), { code: "504101" })),
    rowFromAnswer("cave-03", { status: 501, payload: null }),
    rowFromAnswer("cave-04", { status: 200, payload: { ...status("sht31"), sensor: { state: "stale" } } }),
  ];
  const lines = renderTable(rows);
  assert.match(lines[1] ?? "", /^cave-01 +– +– +– +offline +–$/);
  assert.match(lines[2] ?? "", /unknown .*did not answer$/);
  assert.match(lines[3] ?? "", /answers 501 to GetStatus/);
  assert.match(lines[4] ?? "", /sensor stale$/);
});

test("it fits the room it is given, and says how many caves are not shown", () => {
  const rows = Array.from({ length: 30 }, (_, index) => emptyRow(`cave-${index}`, "failed", "x".repeat(200)));
  const lines = renderTable(rows, { columns: 60, lines: 10 });
  assert.equal(lines.length, 10);
  assert.equal(lines.at(-1), "… and 22 more caves");
  assert.ok(lines.every((line) => line.length <= 60));
  assert.equal(renderTable(rows.slice(0, 9), { columns: 60, lines: 10 }).length, 10);
});

test("an answer of another shape is not taken for a status", () => {
  const { reading: _, ...incomplete } = status("sht31");
  for (const payload of [null, "ok", [], incomplete, { ...status("sht31"), fan: "on" }]) {
    assert.equal(rowFromAnswer("cave-01", { status: 200, payload }).connection, "unknown");
  }
  assert.equal(
    rowFromAnswer("a", { status: 200, payload: { ...status("sht31"), reading: null } }).temperature,
    null,
  );
});
