import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { type TestContext, test } from "node:test";
import { createChardev } from "#agent/fan/chardev.js";
import type { LineRequest } from "#agent/fan/driver.js";
import { createGpiod } from "#agent/fan/gpiod.js";
import { systemClock } from "#agent/lib/clock.js";
import { defer } from "../support/cleanup.js";
import { createFakeGpiod, isAlive } from "../support/hardware/fake-gpiod.js";
import { isFailure } from "../support/hardware/fan-contract.js";
import { ROOT } from "../support/rig.js";
import { until } from "../support/until.js";

const LINE: LineRequest = { line: { gpio: 17 }, key: "fan.line", activeLow: false };
const OUTPUT = { ...LINE, initial: false };

/** `keeps`: the kernel has said whether an output that is let go keeps its level. */
async function setUp(t: TestContext, version: 1 | 2 = 2, keeps = false) {
  const gpiod = await createFakeGpiod(t, version);
  if (keeps) gpiod.persist();
  const tools = createGpiod({ path: gpiod.path });
  const driver = createChardev(systemClock, tools, async () => keeps, "/there/is/no/sysfs");
  return { gpiod, driver };
}

const unheard = () => assert.fail("nothing is lost");

for (const version of [1, 2] as const) {
  test(`libgpiod ${version}: a gpioset that is killed is told at once, and the line is taken anew`, async (t) => {
    const { gpiod, driver } = await setUp(t, version);
    const lost: string[] = [];
    const output = await driver.openOutput({ ...OUTPUT, initial: true }, (error) => lost.push(error.message));
    defer(t, () => output.close());
    assert.equal(gpiod.level(17), 1);
    gpiod.kill(17);
    await until("the loss is told", () => lost.length > 0);
    assert.match(
      lost.join(),
      /GPIO17 is line 17 of gpiochip0 \[pinctrl-bcm2711\] with 58 lines; gpioset: ended by SIGKILL/,
    );
    await output.set(true);
    assert.equal(gpiod.level(17), 1);
    await output.close();
    assert.equal(gpiod.level(17), 0, "nobody drives it: it floats");
    assert.equal(lost.length, 1, "what we end ourselves is no loss");
  });

  test(`libgpiod ${version}: a line that somebody has is refused with his name`, async (t) => {
    const { gpiod, driver } = await setUp(t, version);
    gpiod.occupy(17, "onewire@12");
    const refused = isFailure(/GPIO17 is line 17 of gpiochip0 .*; onewire@12 has it$/, /stop onewire@12/);
    await assert.rejects(driver.openOutput(OUTPUT, unheard), refused);
    const input = { ...LINE, pull: "as-is" } as const;
    await assert.rejects(driver.openInput(input, unheard, unheard), refused);
    assert.deepEqual(await driver.look(LINE), {
      where: "GPIO17 is line 17 of gpiochip0 [pinctrl-bcm2711] with 58 lines",
      direction: "input",
      on: undefined,
      consumer: "onewire@12",
    });
  });

  test(`libgpiod ${version}: an input tells its level with its resistor, and each edge`, async (t) => {
    const { gpiod, driver } = await setUp(t, version);
    const edges: boolean[] = [];
    const input = await driver.openInput({ ...LINE, pull: "up" }, (level) => edges.push(level), unheard);
    defer(t, () => input.close());
    assert.equal(gpiod.holder(17), undefined, "nothing is started that the first read would end");
    assert.equal(await input.read(), true);
    for (const level of [0, 1] as const) {
      gpiod.drive(17, level);
      await until("the edge is told", () => edges.length > (level === 0 ? 0 : 1));
    }
    assert.deepEqual(edges, [false, true]);
  });
}

for (const [version, keeps, found] of [
  [1, false, false],
  [1, true, false],
  [2, false, false],
  [2, true, true],
] as const) {
  const kernel = keeps ? "that keeps outputs" : "of which that is not known";
  test(`libgpiod ${version}, a kernel ${kernel}: whoever looks at an output that nobody holds leaves it`, async (t) => {
    const { gpiod, driver } = await setUp(t, version, keeps);
    gpiod.leave(17, 1);
    for (let times = 0; times < 2; times += 1) {
      const { direction, on } = await driver.look(LINE);
      assert.deepEqual([direction, on], [keeps ? "output" : undefined, found ? true : undefined]);
      assert.equal(gpiod.level(17), 1);
    }
  });

  const what = found ? "goes on" : "cannot be seen, and begins with the safe state";
  test(`libgpiod ${version}, a kernel ${kernel}: a running fan that nobody holds ${what}`, async (t) => {
    const { gpiod, driver } = await setUp(t, version, keeps);
    gpiod.leave(17, 1);
    const output = await driver.openOutput(OUTPUT, unheard);
    defer(t, () => output.close());
    assert.equal(output.found, found);
    assert.equal(gpiod.level(17), found ? 1 : 0, "what is said is what the pin does");
  });
}

test("a line that floats is no output for having been one: its level is not the fan's", async (t) => {
  const { gpiod, driver } = await setUp(t, 2, true);
  gpiod.letGo(17, 1);
  const { direction, on } = await driver.look(LINE);
  assert.deepEqual([direction, on], ["input", undefined]);
  gpiod.letGo(17, 1);
  const output = await driver.openOutput(OUTPUT, unheard);
  defer(t, () => output.close());
  assert.equal(output.found, false);
  assert.equal(gpiod.level(17), 0);
});

test("a line that is exported in a sysfs that cannot be seen is said to be", async (t) => {
  const { gpiod, driver } = await setUp(t);
  gpiod.occupy(17, "sysfs");
  const refused = isFailure(/it is exported in \/sys\/class\/gpio$/, /gpio\/unexport$/);
  await assert.rejects(driver.openOutput(OUTPUT, unheard), refused);
});

test("whoever takes the line between two switches is named", async (t) => {
  const { gpiod, driver } = await setUp(t);
  const output = await driver.openOutput(OUTPUT, unheard);
  defer(t, () => output.close());
  gpiod.occupy(17, "thief");
  await assert.rejects(output.set(true), isFailure(/GPIO17 .*; thief has it$/));
});

test("what is missing or forbidden is said with what to do", async (t) => {
  const { gpiod, driver } = await setUp(t);
  gpiod.breakTool("gpiodetect", "unable to open chip '/dev/gpiochip0': Permission denied");
  await assert.rejects(
    driver.openOutput(OUTPUT, unheard),
    isFailure(/^gpiodetect: unable to open chip .*Permission denied$/, /group gpio/),
  );
  gpiod.remove("gpioset");
  const bare = createGpiod({ path: gpiod.path.split(":")[0] });
  await assert.rejects(bare.version(), isFailure(/^gpioset is not installed$/, /apt install gpiod/));
});

test("a kernel without the old interface is named where libgpiod 1 stumbles over it", async (t) => {
  const { gpiod, driver } = await setUp(t, 1);
  gpiod.breakTool("gpioinfo", "error creating line iterator: Invalid argument");
  await assert.rejects(driver.openOutput(OUTPUT, unheard), isFailure(/Invalid argument/, /GPIO_CDEV_V1/));
});

test("gpioset dies with the agent, even if that is killed", async (t) => {
  if (process.platform !== "linux") return t.skip("only Linux has PR_SET_PDEATHSIG");
  const { gpiod } = await setUp(t);
  const program = `
    const { createChardev } = await import("#agent/fan/chardev.js");
    const { createGpiod } = await import("#agent/fan/gpiod.js");
    const { systemClock } = await import("#agent/lib/clock.js");
    const driver = createChardev(systemClock, createGpiod({ path: ${JSON.stringify(gpiod.path)} }));
    await driver.openOutput(${JSON.stringify({ ...OUTPUT, initial: true })}, () => undefined);
    console.log("held");
    setInterval(() => undefined, 1000);`;
  const agent = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });
  defer(t, () => agent.kill("SIGKILL"));
  let said = "";
  agent.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until("the line is held", () => said.includes("held"));
  const holder = gpiod.holder(17) ?? assert.fail("nobody holds it");
  agent.kill("SIGKILL");
  await until("gpioset has gone", () => !isAlive(holder));
  assert.equal(gpiod.level(17), 0, "nobody drives it: it floats");
});
