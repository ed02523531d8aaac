import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { messageOf } from "#agent/errors.js";
import { createPatience } from "#agent/lib/patience.js";
import { createStateFile } from "#agent/lib/state-file.js";
import { createFakeClock } from "../support/fake-clock.ts";
import { makePipe } from "../support/pipe.ts";
import { until } from "../support/until.ts";

const folder = mkdtempSync(join(tmpdir(), "cave-state-"));
after(() => rmSync(folder, { recursive: true }));

const unexpected = (error: unknown) => assert.fail(String(error));
const asNumber = (content: unknown) => (typeof content === "number" ? content : undefined);

test("what was written is read by the next run; the same content is not written twice", async () => {
  const file = join(folder, "number.json");
  const state = createStateFile(file, asNumber, { onFault: unexpected });
  assert.equal(await state.read(), undefined);
  await Promise.all([state.write(1), state.write(2), state.write(3)]);
  const { ino } = statSync(file);
  await state.write(3);
  assert.equal(statSync(file).ino, ino);
  assert.equal(await createStateFile(file, asNumber, { onFault: unexpected }).read(), 3);
});

test("a broken file is told and counts as none, and is replaced by the next write", async () => {
  const file = join(folder, "broken.json");
  const faults: unknown[] = [];
  const state = createStateFile(file, asNumber, { onFault: (error) => faults.push(error) });
  writeFileSync(file, '{"half":');
  assert.equal(await state.read(), undefined);
  assert.equal(faults.length, 1);
  writeFileSync(file, '"a text"');
  assert.equal(await state.read(), undefined);
  await state.write(5);
  assert.equal(readFileSync(file, "utf8"), "5\n");
});

test("what could not be written is written again, the newest of it, and that is told", async () => {
  const place = join(folder, "late");
  writeFileSync(place, "");
  const told: string[] = [];
  const state = createStateFile(join(place, "x.json"), asNumber, {
    onFault: () => told.push("fault"),
    onWritten: () => told.push("written"),
  });
  for (const value of [1, 2]) await state.write(value);
  await state.writeAgain();
  assert.deepEqual(told, ["fault"]);
  rmSync(place);
  mkdirSync(place);
  await state.writeAgain();
  assert.deepEqual(told, ["fault", "written"]);
  assert.equal(await state.read(), 2);
  rmSync(join(place, "x.json"));
  await state.writeAgain();
  await state.write(3);
  assert.deepEqual(told, ["fault", "written"]);
});

test("what is on disk already is written all the same if something else was to take its place", async () => {
  const place = join(folder, "other");
  mkdirSync(place);
  const state = createStateFile(join(place, "x.json"), asNumber, { onFault: () => undefined });
  await state.write(1);
  rmSync(place, { recursive: true });
  await state.write(2);
  mkdirSync(place);
  await state.write(1);
  await state.writeAgain();
  assert.equal(await state.read(), 1);
});

test("a folder that cannot be written is told once and does not throw; later writes go through", async () => {
  const absent = join(folder, "absent");
  const faults: unknown[] = [];
  const state = createStateFile(join(absent, "x.json"), asNumber, { onFault: (error) => faults.push(error) });
  await state.write(1);
  await state.write(2);
  assert.equal(faults.length, 1);
});

test("a file that hangs is told and counts as none, and is written once it answers", async (t) => {
  const file = join(folder, "hanging.json");
  const pipe = makePipe(t, file);
  if (!pipe) return;
  const clock = createFakeClock();
  const told: string[] = [];
  const state = createStateFile(
    file,
    asNumber,
    { onFault: (error) => told.push(messageOf(error)), onWritten: () => told.push("written") },
    undefined,
    createPatience(folder, clock),
  );
  const read = state.read();
  await clock.advance(5000);
  assert.equal(await read, undefined);
  assert.match(told[0] ?? "", /^no answer within 5 s/);
  await state.write(1);
  assert.match(told[1] ?? "", /still owes an answer/);
  pipe.release();
  await until("the file is written", async () => {
    await state.writeAgain();
    return told.length === 3;
  });
  assert.deepEqual([told[2], readFileSync(file, "utf8")], ["written", "1\n"]);
});
