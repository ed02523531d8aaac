import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type FanOptions, fan } from "#agent/commands/fan.js";
import type { HealthDocument } from "#agent/health/document.js";
import { openStatusServer } from "#agent/health/socket.js";
import { systemClock } from "#agent/lib/clock.js";
import { lockState } from "#agent/state/lock.js";
import { healthDocument } from "../health/support.js";
import { defer } from "../support/cleanup.js";
import { createFakeGpiod } from "../support/hardware/fake-gpiod.js";
import { temporaryDirectory } from "../support/pki.js";
import { runToEnd } from "../support/rig.js";
import { until } from "../support/until.js";

/** A machine with the character device only, and a configuration that knows of no certificate yet. */
async function setUp(t: TestContext, fanToml = 'line = "GPIO17"') {
  const folder = await temporaryDirectory(t);
  const gpiod = await createFakeGpiod(t);
  const places = { sysfs: join(folder, "gpio"), devices: join(folder, "dev") };
  mkdirSync(places.devices);
  writeFileSync(join(places.devices, "gpiochip0"), "");
  const file = join(folder, "config.toml");
  writeFileSync(file, `[state]\ndirectory = "state"\n[fan]\n${fanToml}\n`);
  const stop = new AbortController();
  defer(t, () => stop.abort());
  const said: string[] = [];
  const complained: string[] = [];
  const run = (action: FanOptions["action"], options: Partial<FanOptions> = {}) =>
    fan(
      {
        action,
        file,
        usualFile: join(folder, "absent.toml"),
        line: undefined,
        activeLow: false,
        driver: undefined,
        json: false,
        signal: stop.signal,
        ...options,
      },
      {
        output: { say: (text) => said.push(text), complain: (text) => complained.push(text) },
        environment: {},
        places,
        tools: { path: gpiod.path },
      },
    );
  return { folder, file, gpiod, run, stop, said, complained };
}

async function runAgent(t: TestContext, folder: string, changes: Partial<HealthDocument["fan"]>) {
  mkdirSync(join(folder, "state"));
  const server = await openStatusServer({
    socket: join(folder, "state/status.sock"),
    document: () => healthDocument({ fan: { ...healthDocument().fan, ...changes } }),
    diagnose: () => Promise.reject(new Error("not asked")),
  });
  defer(t, () => server.close());
}

test("on, before there is a certificate: held while the command runs, and said so", async (t) => {
  const { gpiod, run, stop, said } = await setUp(t);
  const ended = run("on");
  await until("it says so", () => said.length > 0);
  assert.match(
    said.join(),
    /^the fan is on: GPIO17 is line 17 of gpiochip0 .*there is no .*gpio\nit stays so while/,
  );
  assert.equal(gpiod.level(17), 1);
  stop.abort();
  assert.equal(await ended, 0);
  assert.equal(gpiod.holder(17), undefined);
});

test("another line than the configured one, or one without any configuration", async (t) => {
  const { gpiod, run, stop, said, folder } = await setUp(t);
  for (const file of [undefined, join(folder, "config.toml")]) {
    said.length = 0;
    const signal = new AbortController();
    const ended = run("on", { file, line: { gpio: 4 }, activeLow: true, json: true, signal: signal.signal });
    await until("it says so", () => said.length > 0);
    const { state, driver, remains } = JSON.parse(said.join()) as Record<string, string>;
    assert.deepEqual([state, driver, remains], ["on", "chardev", "while-held"]);
    assert.equal(gpiod.level(4), 0, "on at a low level");
    signal.abort();
    assert.equal(await ended, 0);
  }
  stop.abort();
});

test("no line: nothing is switched, and what is missing is said", async (t) => {
  const { run, complained } = await setUp(t, "");
  assert.equal(await run("on"), 78);
  assert.match(complained.join(), /no real fan to switch: fan\.line is empty\nset fan\.line/);
});

test("a wrong key of the fan: 78 with that key, and not with those that do not matter", async (t) => {
  const { run, complained } = await setUp(t, 'line = "17"');
  assert.equal(await run("status"), 78);
  assert.match(complained.join(), /^fan\.line: must be "GPIO17".*"17"\n/);
  assert.doesNotMatch(complained.join(), /device\./);
});

test("a line of the sensor's bus: 78, named or configured, though other keys are wrong too", async (t) => {
  const { run, gpiod, complained } = await setUp(t, 'line = "GPIO3"');
  const refused = (name: string, line: number) =>
    new RegExp(
      `^fan\\.line: must not be ${name} of I2C bus 1, which .* value was "GPIO${line}"; .*\nname another`,
    );
  const signal = AbortSignal.abort();
  for (const action of ["on", "off", "status", "safe"] as const) {
    complained.length = 0;
    assert.equal(await run(action, { signal }), 78, action);
    assert.match(complained.join(), refused("SCL", 3));
    complained.length = 0;
    assert.equal(await run(action, { line: { gpio: 2 }, signal }), 78, action);
    assert.match(complained.join(), refused("SDA", 2));
  }
  assert.deepEqual([gpiod.holder(2), gpiod.holder(3)], [undefined, undefined]);
});

test("a line that is named is switched whatever is wrong with the configuration; what is safe only that tells", async (t) => {
  const ignored =
    /^warning: .*config\.toml.*\nwithout a configuration no agent that runs with it is found\n$/;
  for (const [fanToml = "", warning = /^$/] of [
    ['line = "17"\nsafeState = "OFF"'],
    ["line =", ignored],
  ] as const) {
    const { run, gpiod, said, complained } = await setUp(t, fanToml);
    const signal = new AbortController();
    const ended = run("on", { line: { gpio: 4 }, signal: signal.signal });
    await until("it says something", () => said.length > 0);
    assert.match(said.join(), /^the fan is on: GPIO4 /, fanToml);
    assert.match(complained.join(), warning);
    assert.equal(gpiod.level(4), 1);
    assert.equal(await run("safe", { line: { gpio: 4 } }), 78);
    assert.equal(gpiod.level(4), 1);
    signal.abort();
    assert.equal(await ended, 0);
  }
});

test("a fan that does not obey: 70 with the reason", async (t) => {
  const { run, gpiod, complained } = await setUp(t);
  gpiod.occupy(17, "w1-gpio");
  assert.equal(await run("on"), 70);
  assert.match(
    complained.join(),
    /GPIO17 is line 17 of .*; w1-gpio has it\nstop w1-gpio, or use another line/,
  );
});

test("while the agent has the fan: 75, and nothing is touched", async (t) => {
  const { folder, run, gpiod, complained, said } = await setUp(t);
  await runAgent(t, folder, { driver: "chardev", detail: "GPIO17" });
  for (const action of ["on", "off"] as const) assert.equal(await run(action), 75);
  assert.match(
    complained.join(),
    /the running agent has the fan\nstop it first \(systemctl stop cave-agent\)/,
  );
  assert.equal(await run("safe"), 0);
  assert.match(said.join(), /nothing to do: the agent runs/);
  assert.equal(gpiod.holder(17), undefined);
  assert.equal(gpiod.level(17), 0);
});

test("an agent that has only a simulated fan does not stand in the way", async (t) => {
  const { folder, run, stop, said } = await setUp(t);
  await runAgent(t, folder, { driver: "simulated" });
  const ended = run("on");
  await until("it says so", () => said.length > 0);
  assert.match(said.join(), /^the fan is on/);
  stop.abort();
  await ended;
});

test("an agent leaves all lines to others but its own", async (t) => {
  const { folder, run, gpiod, stop, said, complained } = await setUp(t);
  await runAgent(t, folder, { driver: "chardev", detail: "GPIO17", line: "GPIO17", feedbackLine: "GPIO27" });
  for (const line of [{ gpio: 17 }, { gpio: 27 }, { chip: "pinctrl-bcm2711", offset: 17 }]) {
    assert.equal(await run("on", { line }), 75);
  }
  assert.equal(complained.length, 3);
  assert.equal(await run("status", { line: { gpio: 22 } }), 0);
  assert.match(said.join(), /\(nobody holds it\)/);
  said.length = 0;
  const ended = run("on", { line: { gpio: 22 } });
  await until("it says so", () => said.length > 0);
  assert.match(said.join(), /^the fan is on: GPIO22/);
  assert.equal(gpiod.level(22), 1);
  stop.abort();
  assert.equal(await ended, 0);
});

test("what may be an agent, and does not answer as one, is not worked against: 70", async (t) => {
  const { folder, run, complained } = await setUp(t);
  mkdirSync(join(folder, "state"));
  const server = await openStatusServer({
    socket: join(folder, "state/status.sock"),
    document: () => {
      throw new Error("hung");
    },
    diagnose: () => Promise.reject(new Error("not asked")),
  });
  defer(t, () => server.close());
  for (const action of ["on", "safe"] as const) assert.equal(await run(action), 70);
  assert.match(complained.join(), /does not answer as an agent does/);
});

test("an agent that cannot be asked is known by its lock: 70, and nothing is touched", async (t) => {
  const { folder, run, gpiod, complained } = await setUp(t);
  const lock = await lockState(join(folder, "state"), "cave-agent 0.1.0, process 1", systemClock);
  for (const action of ["on", "safe"] as const) assert.equal(await run(action), 70);
  assert.match(
    complained.join(),
    /^an agent runs that cannot be asked on .*status\.sock: cave-agent 0\.1\.0/,
  );
  assert.equal(gpiod.holder(17), undefined);
  await lock.release();
  assert.equal(await run("safe"), 0);
});

test("status: by the agent if it has the fan, else by the line, which is not touched", async (t) => {
  const { folder, run, gpiod, said } = await setUp(t);
  assert.equal(await run("status"), 0);
  assert.match(
    said.join(),
    /^the fan is unknown \(nobody holds it\)\nchardev: GPIO17 is line 17 of gpiochip0/,
  );
  assert.equal(gpiod.holder(17), undefined);
  said.length = 0;
  await runAgent(t, folder, { driver: "chardev", detail: "GPIO17", state: "failed", fault: "no pulses" });
  assert.equal(await run("status"), 0);
  assert.equal(said.join(), "the fan is failed (the running agent says so)\nchardev: GPIO17\nno pulses\n");
  said.length = 0;
  await run("status", { json: true });
  assert.deepEqual(JSON.parse(said.join()), {
    by: "agent",
    driver: "chardev",
    detail: "GPIO17",
    state: "failed",
    holder: "cave-agent",
    fault: "no pulses",
  });
});

test("status of a simulated fan: by the agent that simulates it, but not of a line that is named", async (t) => {
  const { folder, run, said } = await setUp(t, 'driver = "simulated"');
  assert.equal(await run("status"), 0);
  assert.match(said.join(), /^the fan is unknown .*\nsimulated: fan\.driver is "simulated"\n$/);
  said.length = 0;
  await runAgent(t, folder, { driver: "simulated", detail: "it is simulated", state: "on" });
  assert.equal(await run("status"), 0);
  assert.equal(said.join(), "the fan is on (the running agent says so)\nsimulated: it is simulated\n");
  said.length = 0;
  assert.equal(await run("status", { line: { gpio: 17 } }), 0);
  assert.match(said.join(), /^the fan is unknown \(nobody holds it\)\nchardev: GPIO17/);
});

test("safe: the safe state of the configuration, then the line is let go", async (t) => {
  const { run, gpiod, said } = await setUp(t, 'line = "GPIO17"\nsafeState = "on"\nfeedbackLine = "GPIO27"');
  gpiod.occupy(27, "somebody");
  assert.equal(await run("safe"), 0, "the feedback does not matter");
  assert.match(said.join(), /^the fan was switched on: GPIO17 is line 17/);
  assert.equal(gpiod.holder(17), undefined);
});

test("safe goes the agent's way, also where the feedback alone decides on it, and leaves that alone", async (t) => {
  const toml = 'line = "GPIO17"\nfeedbackLine = "GPIO27"\nfeedbackPull = "up"';
  const { folder, run, gpiod, said, complained } = await setUp(t, toml);
  mkdirSync(join(folder, "gpio"));
  writeFileSync(join(folder, "gpio/export"), "");
  gpiod.occupy(27, "somebody");
  assert.equal(await run("safe"), 0, complained.join());
  assert.match(said.join(), /^the fan was switched off: GPIO17 .*cannot set fan\.feedbackPull/);
  assert.equal(gpiod.level(17), 0);
});

test("safe where there is nothing to do: exit 0, and why", async (t) => {
  for (const [toml, why] of [
    ['line = "GPIO17"\nsafeState = "hold"', /nothing to do: fan\.safeState is "hold"/],
    ["", /nothing to do: fan\.line is empty/],
    ['driver = "simulated"', /nothing to do: fan\.driver is "simulated"/],
  ] as const) {
    const { run, said } = await setUp(t, toml);
    assert.equal(await run("safe"), 0);
    assert.match(said.join(), why);
  }
});

test("without any configuration the file that is missing is named", async (t) => {
  const { run, folder, complained } = await setUp(t);
  assert.equal(await run("on", { file: undefined }), 78);
  const usual = join(folder, "absent.toml");
  assert.equal(
    complained.join(""),
    `there is no real fan to switch: fan.line is empty, and there is no ${usual}\nset fan.line in ${usual}, or name the line by --line\n`,
  );
  const configured = await setUp(t, "");
  assert.equal(await configured.run("on"), 78);
  assert.equal(
    configured.complained.join(""),
    `there is no real fan to switch: fan.line is empty\nset fan.line in ${configured.file}, or name the line by --line\n`,
  );
});

test("as a program: usage, and safe with nothing to do", async (t) => {
  const { file } = await setUp(t, "");
  assert.deepEqual(await runToEnd(t, ["fan", "safe", "--config", file]), {
    code: 0,
    output: "nothing to do: fan.line is empty\n",
  });
  for (const args of [
    ["fan"],
    ["fan", "spin"],
    ["fan", "on", "--line", "17"],
    ["fan", "on", "--driver", "none"],
    ["fan", "on", "--active-low", "--config", file],
  ]) {
    assert.equal((await runToEnd(t, args)).code, 64, args.join(" "));
  }
});
