import assert from "node:assert/strict";
import { test } from "node:test";
import { createSysfsOutput } from "#agent/fan/sysfs-output.js";
import { createFakeClock } from "../support/fake-clock.js";
import { isFailure } from "../support/hardware/fan-contract.js";

interface Line {
  value: 0 | 1;
  isThere: boolean;
  isStuck: boolean;
  falseReads: number;
  closed: number;
  /** Reads wait for it. */
  pending?: Promise<void>;
}

/** A line that is on, with the kernel's answers in the place of onoff. */
function setUp() {
  const clock = createFakeClock();
  const lost: string[] = [];
  const line: Line = { value: 1, isThere: true, isStuck: false, falseReads: 0, closed: 0 };
  const check = () => {
    if (!line.isThere) throw new Error("ENODEV: no such device, read");
  };
  const output = createSysfsOutput({
    gpio: {
      async read() {
        await line.pending;
        check();
        if (line.falseReads === 0) return line.value;
        line.falseReads -= 1;
        return line.value === 1 ? 0 : 1;
      },
      async write(value) {
        check();
        if (!line.isStuck) line.value = value;
      },
    },
    close: () => {
      line.closed += 1;
    },
    where: "GPIO17",
    found: true,
    clock,
    onLost: ({ message }) => lost.push(message),
  });
  return { clock, lost, line, output };
}

for (const [what, change, message] of [
  ["unexported", { isThere: false }, /^GPIO17; it was taken away: ENODEV/],
  ["switched by another", { value: 0 }, /^GPIO17; it was set active and reads the contrary$/],
] as const) {
  test(`a line that is ${what} is lost within seconds; it is told once, and takes no commands`, async () => {
    const { clock, lost, line, output } = setUp();
    await clock.advance(60_000);
    assert.deepEqual(lost, []);
    Object.assign(line, change);
    await clock.advance(6000);
    assert.match(lost.join(), message);
    await clock.advance(60_000);
    assert.equal(lost.length, 1);
    assert.equal(clock.sleepers(), 0, "nobody looks any more");
    assert.equal(line.closed, 1);
    await assert.rejects(output.set(true), isFailure(message));
  });
}

test("what it is told to do is no loss", async () => {
  const { clock, lost, output, line } = setUp();
  for (const on of [false, true, false]) {
    await output.set(on);
    await clock.advance(12_000);
    assert.equal(line.value, on ? 1 : 0);
  }
  assert.deepEqual(lost, []);
});

test("one look that is wrong is no loss, and no failure of a command", async () => {
  const { clock, lost, output, line } = setUp();
  line.falseReads = 1;
  await clock.advance(12_000);
  assert.equal(line.falseReads, 0);
  line.falseReads = 1;
  const set = output.set(false);
  await clock.advance(1000);
  await set;
  assert.deepEqual([line.falseReads, line.value, lost], [0, 0, []]);
});

test("a level that does not come is told to whoever sets it", async () => {
  const { clock, output, line } = setUp();
  line.isStuck = true;
  const refused = assert.rejects(
    output.set(false),
    isFailure(/set inactive and reads the contrary$/, /short circuit/),
  );
  await clock.advance(1000);
  await refused;
  line.isThere = false;
  await assert.rejects(output.set(false), isFailure(/it cannot be set: ENODEV/));
});

test("one that was closed is not looked at, not lost, and takes no commands", async () => {
  const { clock, lost, output, line } = setUp();
  await clock.advance(1000);
  await output.close();
  await output.close();
  line.isThere = false;
  await clock.advance(60_000);
  assert.deepEqual(lost, []);
  assert.equal(clock.sleepers(), 0);
  await assert.rejects(output.set(false), isFailure(/it was let go/));
  assert.deepEqual([line.value, line.closed], [1, 1]);
});

test("one that is closed during a look is not lost, and its file is closed after the look", async () => {
  const { clock, lost, output, line } = setUp();
  let answer: () => void = () => undefined;
  line.pending = new Promise((resolve) => {
    answer = resolve;
  });
  await clock.advance(5000);
  await output.close();
  line.isThere = false;
  await clock.advance(0);
  assert.equal(line.closed, 0, "it is read");
  answer();
  await clock.advance(60_000);
  assert.deepEqual(lost, []);
  assert.equal(line.closed, 1);
});

test("one whose look hangs is lost, told once, and its file is closed after the look", async () => {
  const { clock, lost, line, output } = setUp();
  let answer: () => void = () => undefined;
  line.pending = new Promise((resolve) => {
    answer = resolve;
  });
  await clock.advance(60_000);
  assert.deepEqual(lost, ["no answer within 10 s: waited for GPIO17 to be read"]);
  assert.equal(line.closed, 0, "it is read");
  const refused = assert.rejects(output.set(false), isFailure(/^no answer within 10 s/));
  answer();
  await clock.advance(60_000);
  await refused;
  assert.deepEqual([lost.length, line.closed, line.value], [1, 1, 1]);
});
