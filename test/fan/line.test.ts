import assert from "node:assert/strict";
import { test } from "node:test";
import { lineFromTable, lineText, parseLine } from "#agent/fan/line.js";

test("a Pi's line by its Broadcom number, any line by label and offset; both read back", () => {
  for (const [text, line] of [
    ["GPIO0", { gpio: 0 }],
    ["GPIO17", { gpio: 17 }],
    ["GPIO45", { gpio: 45 }],
    ["pinctrl-bcm2711:17", { chip: "pinctrl-bcm2711", offset: 17 }],
    ["INT34C5:00:312", { chip: "INT34C5:00", offset: 312 }],
    ["my chip:0", { chip: "my chip", offset: 0 }],
  ] as const) {
    assert.deepEqual(parseLine(text), line, text);
    assert.equal(lineText(line), text);
  }
});

test("nothing else is a line: no bare number, no other spelling, nothing out of range", () => {
  for (const text of [
    "",
    "17",
    "gpio17",
    "GPIO",
    "GPIO017",
    "GPIO46",
    "GPIO-1",
    "GPIO17 ",
    ":17",
    "chip:",
    "chip:-1",
    "chip:017",
    "chip:65536",
    " chip:1",
    "chip:1.5",
  ]) {
    assert.equal(parseLine(text), undefined, JSON.stringify(text));
  }
});

test("an inline table becomes its text; what is no such table stays, to be refused", () => {
  assert.equal(lineFromTable({ chip: "pinctrl-rp1", offset: 17 }), "pinctrl-rp1:17");
  assert.equal(lineFromTable("GPIO17"), "GPIO17");
  assert.equal(lineFromTable(17), 17);
  for (const table of [
    { chip: "a" },
    { offset: 1 },
    { chip: "a", offset: "1" },
    { chip: "a", offset: 1.5 },
    { chip: 1, offset: 1 },
    { chip: "a", offset: 1, pull: "up" },
  ]) {
    const text = lineFromTable(table);
    assert.equal(typeof text === "string" && parseLine(text), undefined, JSON.stringify(table));
  }
});
