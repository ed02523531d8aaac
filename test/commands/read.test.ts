import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type ReadOptions, read } from "#agent/commands/read.js";
import { openStatusServer } from "#agent/health/socket.js";
import type { StatusDocument } from "#agent/health/status.js";
import { systemClock } from "#agent/lib/clock.js";
import { lockState } from "#agent/state/lock.js";
import { healthDocument, SOUND } from "../health/support.ts";
import { defer } from "../support/cleanup.ts";
import { createController } from "../support/hardware/fake-adapter.ts";
import { createSht31Chip } from "../support/hardware/sht31-chip.ts";
import { temporaryDirectory } from "../support/pki.ts";
import { ROOT, runToEnd, spawnAgent } from "../support/rig.ts";

/** A gateway with a chip at 0x44 of bus 1, nothing configured, and its `cave-agent read`. */
async function setUp(t: TestContext, environment: Record<string, string> = {}) {
  const folder = await temporaryDirectory(t);
  const air = { temperature: 10.5, humidity: 91.25 };
  const chip = createSht31Chip({ now: systemClock.monotonic, air: () => air });
  const controller = createController([[0x44, chip]]);
  const usualFile = join(folder, "config.toml");
  const stateDirectory = join(folder, "state");
  async function run(options: Partial<ReadOptions> = {}, complained: string[] = []) {
    const said: string[] = [];
    const code = await read(
      {
        file: undefined,
        usualFile,
        bus: undefined,
        address: undefined,
        watch: false,
        json: false,
        signal: new AbortController().signal,
        ...options,
      },
      {
        output: { say: (text) => void said.push(text), complain: (text) => void complained.push(text) },
        openAdapter: controller.open,
        environment: { CAVE_STATE_DIRECTORY: stateDirectory, ...environment },
      },
    );
    return { code, said: said.join(""), complained: complained.join("") };
  }

  async function startAgent(document: StatusDocument) {
    mkdirSync(stateDirectory);
    const server = await openStatusServer({
      socket: join(stateDirectory, "status.sock"),
      document: () => ({ ...document, conditions: [] }),
      diagnose: () => Promise.reject(new Error("not asked")),
    });
    defer(t, () => server.close());
  }
  return { air, chip, controller, usualFile, stateDirectory, run, startAgent };
}

const REAL = healthDocument({
  sensor: { source: "sht31", serial: "0badcafe", state: "ok", quality: "good", ...SOUND },
  reading: { temperature: 12.26, humidity: 90.44, source: "sht31", readAt: new Date().toISOString() },
});

describe("cave-agent read", () => {
  it("needs no configuration, no certificate and no agent", async (t) => {
    const { run, controller } = await setUp(t);
    assert.deepEqual(await run(), { code: 0, said: "10.50 °C  91.25 %RH  sht31 0badcafe\n", complained: "" });
    assert.equal(controller.counts().open, 0);
  });

  it("says the same for programs, one line", async (t) => {
    const { run } = await setUp(t);
    const { said } = await run({ json: true });
    const { readAt, ...answer }: { readAt: string } = JSON.parse(said);
    assert.deepEqual(answer, {
      temperature: 10.5,
      humidity: 91.25,
      source: "sht31",
      serial: "0badcafe",
      by: "read",
    });
    assert.ok(Math.abs(Date.parse(readAt) - Date.now()) < 60_000);
  });

  it("goes by the configuration that is there, also if other parts of it are missing or wrong", async (t) => {
    const { run, usualFile } = await setUp(t);
    writeFileSync(usualFile, '[sensor]\nhumidityOffset = -1.25\n[hub]\nkeepAlive = "never"\n');
    assert.match((await run()).said, /90\.00 %RH/);
    writeFileSync(usualFile, '[sensor]\naddress = "0x46"\n');
    const { code, complained } = await run();
    assert.equal(code, 78);
    assert.match(
      complained,
      /^sensor\.address: must be "auto", 0x44 .*or 0x45 .*0x46"\ncorrect .*config\.toml/,
    );
    assert.equal((await run({ file: join(usualFile, "absent.toml") })).code, 78);
  });

  it("reads the bus and address that are named, whatever is configured", async (t) => {
    const { run, usualFile, controller, chip } = await setUp(t);
    writeFileSync(usualFile, '[sensor]\nsource = "simulated"\naddress = 0x44\n');
    assert.match((await run()).said, /^~.* \(simulated, not measured\)\n$/);
    controller.slaves.clear();
    controller.slaves.set(0x45, chip);
    assert.match((await run({ address: 0x45 })).said, /sht31 0badcafe\n/);
    assert.match((await run({ bus: 1, address: "auto" })).said, /sht31 0badcafe\n/);
  });

  it("tells of a sensor that an agent may have left warm, and leaves that to be told to the next agent", async (t) => {
    const { run, usualFile, chip } = await setUp(t);
    // The mark of a reset, as an agent leaves it that ends while its sensor is warm; else it has been cleared.
    const isMarked = async () => {
      await systemClock.sleep(5);
      chip.write([0xf3, 0x2d]);
      return ((chip.read(3)?.[1] ?? 0) & 0x10) !== 0;
    };
    writeFileSync(usualFile, '[sensor]\nheater = "pulse"\nstaleAfter = "5m"\n');
    for (let time = 0; time < 2; time += 1) {
      assert.match((await run()).said, /\(the sensor may be warm of its heater: not the air\)\n$/);
      assert.equal(await isMarked(), true);
    }
    assert.equal(JSON.parse((await run({ json: true })).said).heated, true);
    writeFileSync(usualFile, '[sensor]\nheater = "off"\n');
    assert.match((await run()).said, /sht31 0badcafe\n$/);
    assert.equal(await isMarked(), false);
    writeFileSync(usualFile, '[sensor]\nheater = "pulse"\nstaleAfter = "5m"\n');
    assert.match((await run()).said, /sht31 0badcafe\n$/);
    await systemClock.sleep(5);
    chip.write([0x30, 0xa2]);
    assert.equal(await isMarked(), true);
    writeFileSync(usualFile, '[sensor]\naddress = 0x45\nheater = "pulse"\nstaleAfter = "5m"\n');
    assert.match((await run({ address: 0x44 })).said, /sht31 0badcafe\n$/, "another one than the agent's");
  });

  it("says why there is no reading, and exits with 70", async (t) => {
    const { run, controller } = await setUp(t);
    controller.slaves.clear();
    const { code, said, complained } = await run();
    assert.deepEqual([code, said], [70, ""]);
    assert.match(
      complained,
      /^no SHT31 answers at 0x44 or 0x45 on \/dev\/i2c-1\ncheck the sensor's supply.*\n$/,
    );
  });

  it("leaves the chip to the agent that reads it, and shows what that has read", async (t) => {
    const { run, startAgent, controller } = await setUp(t);
    await startAgent(REAL);
    const { code, said } = await run();
    assert.equal(code, 0);
    assert.match(
      said,
      /^12\.26 °C {2}90\.44 %RH {2}sht31 0badcafe {2}\(by the running agent, \d+ s ago\)\n$/,
    );
    assert.equal(JSON.parse((await run({ json: true, bus: 1 })).said).by, "agent");
    assert.equal(controller.counts().opened, 0);
    await run({ bus: 3 });
    assert.equal(controller.counts().opened, 1, "another bus is nobody's");
  });

  it("reads the sensor at an address that is named beside an agent that reads the other one", async (t) => {
    const { run, startAgent, controller, chip } = await setUp(t);
    await startAgent({ ...REAL, sensor: { ...REAL.sensor, address: "0x44" } });
    controller.slaves.clear();
    controller.slaves.set(0x45, chip);
    assert.match((await run({ bus: 1, address: 0x44 })).said, /^12\.26 °C .*by the running agent/);
    assert.match((await run({ bus: 1, address: "auto" })).said, /^12\.26 °C .*by the running agent/);
    assert.equal(controller.counts().opened, 0);
    assert.match(
      (await run({ bus: 1, address: 0x45 })).said,
      /^10\.50 °C {2}91\.25 %RH {2}sht31 0badcafe\n$/,
    );
  });

  it("leaves an address to an agent that has yet to find its sensor", async (t) => {
    const { run, startAgent, controller } = await setUp(t);
    await startAgent({ ...REAL, reading: null, sensor: { ...REAL.sensor, fault: "no SHT31 answers" } });
    assert.match((await run({ address: 0x44 })).complained, /the running agent has no reading/);
    assert.equal(controller.counts().opened, 0);
  });

  it("leaves the chip to an agent that runs without its socket, unless another bus is named", async (t) => {
    const { run, stateDirectory, controller } = await setUp(t);
    const lock = await lockState(stateDirectory, "process 17, for cave-01", systemClock);
    defer(t, () => lock.release());
    const { code, complained } = await run();
    assert.equal(code, 70);
    assert.match(complained, /^an agent runs that cannot be asked on .*: process 17, for cave-01\n/);
    assert.equal(controller.counts().opened, 0);
    assert.match((await run({ bus: 3 })).said, /sht31 0badcafe\n/);
  });

  it("reads the sensor beside an agent that simulates only when it is named", async (t) => {
    const { run, startAgent } = await setUp(t);
    await startAgent(healthDocument());
    assert.match((await run()).said, /~12\.26 °C/);
    assert.match((await run({ bus: 1 })).said, /^10\.50 °C/);
  });

  it("says what the agent has to complain about", async (t) => {
    const { run, startAgent } = await setUp(t);
    await startAgent({ ...REAL, sensor: { ...REAL.sensor, state: "failed", fault: "no SHT31 answers" } });
    const { code, complained } = await run();
    assert.equal(code, 70);
    assert.match(
      complained,
      /the running agent has no reading: no SHT31 answers\nlook at: cave-agent status/,
    );
  });

  it("says what the agent knows to do about it", async (t) => {
    const { run, startAgent } = await setUp(t);
    const fault = { fault: "no SHT31 answers", code: "SENSOR_NO_ANSWER", remedy: "check the cable" };
    await startAgent({ ...REAL, sensor: { ...REAL.sensor, state: "failed", ...fault } });
    assert.equal(
      (await run()).complained,
      "the running agent has no reading: no SHT31 answers\ncheck the cable\n",
    );
  });

  it("has not read what it was stopped at", async (t) => {
    const { run, controller } = await setUp(t);
    controller.hang(true);
    const stop = new AbortController();
    const reading = run({ signal: stop.signal });
    while (controller.counts().underWay === 0) await systemClock.sleep(5);
    stop.abort();
    assert.equal((await reading).code, 70);
    controller.hang(false);
  });

  it("watches until it is stopped, also over a fault", async (t) => {
    const { run, controller, chip } = await setUp(t, { CAVE_SENSOR_READ_EVERY: "500ms" });
    const stop = new AbortController();
    const watching = run({ watch: true, signal: stop.signal });
    while (chip.told().length < 30) await systemClock.sleep(20);
    controller.slaves.clear();
    const { opened } = controller.counts();
    while (controller.counts().opened < opened + 8) await systemClock.sleep(20);
    controller.slaves.set(0x44, chip);
    const before = chip.told().length;
    while (chip.told().length < before + 30) await systemClock.sleep(20);
    stop.abort();
    const { code, said, complained } = await watching;
    assert.equal(code, 0);
    assert.ok(said.split("\n").length > 3, said);
    assert.match(complained, /no SHT31 answers/);
    assert.equal(controller.counts().open, 0);
  });

  it("tells each fault of a watch every time, and its remedy once until there was a reading", async (t) => {
    const { run, controller, chip } = await setUp(t, { CAVE_SENSOR_READ_EVERY: "500ms" });
    const stop = new AbortController();
    controller.slaves.clear();
    const complained: string[] = [];
    const watching = run({ watch: true, signal: stop.signal }, complained);
    const untilComplaints = async (times: number) => {
      while (complained.length < times) await systemClock.sleep(20);
    };
    await untilComplaints(3);
    controller.slaves.set(0x44, chip);
    while (chip.told().length < 30) await systemClock.sleep(20);
    controller.slaves.clear();
    await untilComplaints(complained.length + 3);
    stop.abort();
    await watching;
    const lines = complained.join("").split("\n");
    const count = (text: RegExp) => lines.filter((line) => text.test(line)).length;
    assert.ok(count(/^no SHT31 answers/) >= 6, lines.join("\n"));
    assert.equal(count(/^check the sensor's supply/), 2, lines.join("\n"));
  });

  it("says what to do where a missing sensor is simulated", async (t) => {
    const { run, controller, usualFile } = await setUp(t);
    writeFileSync(usualFile, '[sensor]\nsource = "auto"\n');
    controller.slaves.clear();
    const { code, complained } = await run();
    assert.equal(code, 0);
    assert.match(complained, /^no sensor answers: no SHT31 answers .*\ncheck the sensor's supply.*\n$/);
  });
});

describe("the program cave-agent read", () => {
  it("refuses a bus or address that cannot be", async (t) => {
    for (const args of [
      ["--bus", "first"],
      ["--bus", "256"],
      ["--address", "0x46"],
    ]) {
      assert.equal((await runToEnd(t, ["read", ...args])).code, 64, args.join(" "));
    }
  });

  it("says that there is no such bus, or that the add-on is not there", async (t) => {
    const { code, output } = await runToEnd(t, ["read", "--bus", "250"]);
    assert.equal(code, 70);
    const isInstalled = existsSync(join(ROOT, "node_modules/i2c-bus/build/Release/i2c.node"));
    if (isInstalled) assert.match(output, /^there is no \/dev\/i2c-250\nswitch I2C on/);
    else assert.match(output, /^the npm package i2c-bus cannot be loaded/);
  });

  it("ends a watch quietly when nobody reads it any more, as after head -1", async (t) => {
    const file = join(await temporaryDirectory(t), "config.toml");
    writeFileSync(file, '[sensor]\nsource = "simulated"\nreadEvery = "500ms"\n');
    const watch = spawnAgent(t, ["read", "--watch", "--json", "--config", file]);
    const ended = once(watch.process, "exit");
    let complained = "";
    watch.process.stderr?.on("data", (chunk: Buffer) => {
      complained += chunk.toString();
    });
    while (!watch.output().includes("humidity")) await systemClock.sleep(20);
    watch.process.stdout?.destroy();
    assert.deepEqual([await ended, complained], [[0, null], ""]);
  });

  it("ends a watch with 0 on Ctrl-C", async (t) => {
    const file = join(await temporaryDirectory(t), "config.toml");
    writeFileSync(file, '[sensor]\nsource = "simulated"\n');
    const watch = spawnAgent(t, ["read", "--watch", "--config", file]);
    while (!watch.output().includes("°C")) await systemClock.sleep(20);
    assert.equal((await watch.stop("SIGINT")).code, 0);
  });
});
