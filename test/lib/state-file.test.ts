import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createStateFile } from "#agent/lib/state-file.js";

const folder = mkdtempSync(join(tmpdir(), "cave-state-"));
after(() => rmSync(folder, { recursive: true }));

const unexpected = (error: unknown) => assert.fail(String(error));
const asNumber = (content: unknown) => (typeof content === "number" ? content : undefined);

test("what was written is read by the next run; the same content is not written twice", async () => {
  const file = join(folder, "number.json");
  const state = createStateFile(file, asNumber, unexpected);
  assert.equal(await state.read(), undefined);
  await Promise.all([state.write(1), state.write(2), state.write(3)]);
  const { ino } = statSync(file);
  await state.write(3);
  assert.equal(statSync(file).ino, ino);
  assert.equal(await createStateFile(file, asNumber, unexpected).read(), 3);
});

test("a broken file is told and counts as none, and is replaced by the next write", async () => {
  const file = join(folder, "broken.json");
  const faults: unknown[] = [];
  const state = createStateFile(file, asNumber, (error) => faults.push(error));
  writeFileSync(file, '{"half":');
  assert.equal(await state.read(), undefined);
  assert.equal(faults.length, 1);
  writeFileSync(file, '"a text"');
  assert.equal(await state.read(), undefined);
  await state.write(5);
  assert.equal(readFileSync(file, "utf8"), "5\n");
});

test("a folder that cannot be written is told once and does not throw; later writes go through", async () => {
  const absent = join(folder, "absent");
  const faults: unknown[] = [];
  const state = createStateFile(join(absent, "x.json"), asNumber, (error) => faults.push(error));
  await state.write(1);
  await state.write(2);
  assert.equal(faults.length, 1);
});
