import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { writeConfig } from "../../faults/agents.ts";
import { temporaryDirectory } from "../../support/pki.ts";
import { ROOT, runToEnd, startCloud } from "../../support/rig.ts";
import { AIR, GATEWAY, startCave } from "./cave.ts";
import { SOC } from "./pi/gpio-chip.ts";
import { startPi } from "./pi/pi.ts";

const FAN = 17;

describe("cave-agent read", () => {
  it("reads the sensor by itself, without configuration or certificate", async (t) => {
    const pi = await startPi(t, { air: AIR });
    const { code, output } = await runToEnd(t, ["read", "--bus", "1", "--json"]);
    assert.equal(code, 0, output);
    const { readAt, ...answer } = JSON.parse(output);
    assert.deepEqual(answer, { ...AIR, source: "sht31", serial: "0badcafe", by: "read" });
    assert.ok(Math.abs(Date.now() - Date.parse(readAt)) < 60_000, readAt);
    await pi.unplugSensor();
    const failed = await runToEnd(t, ["read", "--bus", "1"]);
    assert.equal(failed.code, 70);
    assert.match(failed.output, /^no SHT31 answers at 0x44 or 0x45 on \/dev\/i2c-1\n.*supply/);
  });

  it("shows the running agent's value, and leaves the chip to it", async (t) => {
    const { pi, config } = await startCave(t);
    const claims = async () => (await pi.busTransfers()).filter(({ kind }) => kind === "claim").length;
    const before = await claims();
    const { code, output } = await runToEnd(t, ["read", "--config", config]);
    assert.equal(code, 0, output);
    assert.match(
      output,
      /^11\.37 °C {2}88\.64 %RH {2}sht31 0badcafe {2}\(by the running agent, \d+ s ago\)$/m,
    );
    assert.equal(await claims(), before);
  });
});

describe("cave-agent fan", () => {
  it("leaves the fan to the agent that runs, and makes it safe after one that was killed", async (t) => {
    const { pi, rig, config, agent } = await startCave(t);
    const fan = (action: string) => runToEnd(t, ["fan", action, "--json", "--config", config]);
    const level = async () => (await pi.line(SOC, FAN)).level;
    assert.equal((await rig.service.invoke("cave-01", "SetFanState", "on")).status, 200);
    const { by, state, driver } = JSON.parse((await fan("status")).output);
    assert.deepEqual([by, state, driver], ["agent", "on", "sysfs"]);
    assert.equal((await fan("off")).code, 75);
    assert.equal((await fan("safe")).code, 0);
    assert.equal(await level(), 1);

    await agent.stop("SIGKILL");
    assert.equal(await level(), 1);
    const left = JSON.parse((await fan("status")).output);
    assert.deepEqual([left.by, left.state, left.holder], ["line", "on", "sysfs"]);
    const { code, output } = await fan("safe");
    assert.equal(code, 0, output);
    assert.equal(JSON.parse(output).done, true);
    assert.equal(await level(), 0);
  });

  it("switches a line without a configuration, and touches none to see how it is", async (t) => {
    const pi = await startPi(t);
    const fan = (action: string) => runToEnd(t, ["fan", action, "--line", "GPIO17"]);
    const unknown = await fan("status");
    assert.match(unknown.output, /^the fan is unknown \(nobody holds it\)/);
    assert.equal((await pi.line(SOC, FAN)).owner, undefined);
    const { code, output } = await fan("on");
    assert.equal(code, 0, output);
    assert.match(output, /^the fan is on: GPIO17 is line 17 \(number 529\) /);
    assert.equal((await pi.line(SOC, FAN)).level, 1);
    assert.equal((await fan("off")).code, 0);
    const { history } = await pi.line(SOC, FAN);
    assert.deepEqual(
      history.map(({ direction, level }) => `${direction} ${level}`),
      ["out 1", "out 0"],
    );
  });
});

describe("cave-agent fan and doctor, of a line of the sensor's bus", () => {
  it("refuse it, and leave it to the sensor", async (t) => {
    const pi = await startPi(t);
    const config = join(await temporaryDirectory(t), "config.toml");
    writeFileSync(config, '[fan]\nline = "GPIO2"\n');
    for (const place of [
      ["--line", "GPIO2"],
      ["--config", config],
    ]) {
      const { code, output } = await runToEnd(t, ["fan", "on", ...place]);
      assert.equal(code, 78, output);
      assert.match(output, /^fan\.line: must not be SDA of I2C bus 1, .* value was "GPIO2"/);
    }
    const { code, output } = await runToEnd(t, ["doctor", "--bus", "1", "--line", "GPIO2"]);
    assert.equal(code, 1, output);
    assert.match(output, /failed .*fan\.line: must not be SDA of I2C bus 1/i);
    assert.equal((await pi.line(SOC, 2)).owner, undefined);
  });
});

describe("cave-agent fan on a chip that calls a high output an input", () => {
  it("switches off what it has switched on, and leaves somebody's input alone", async (t) => {
    const label = "mcp2221_gpio";
    const chip = { label, base: 512, ngpio: 4, interrupts: false, callsHighInput: true };
    const pi = await startPi(t, { gpioChips: [chip] });
    const fan = (action: string, line: string) => runToEnd(t, ["fan", action, "--line", line]);
    for (const [action, level] of [
      ["on", 1],
      ["on", 1],
      ["off", 0],
    ] as const) {
      const { code, output } = await fan(action, `${label}:0`);
      assert.equal(code, 0, output);
      assert.equal((await pi.line(label, 0)).level, level);
    }
    const { history } = await pi.line(label, 0);
    assert.deepEqual(
      history.map(({ level }) => level),
      [1, 0],
    );
    writeFileSync("/sys/class/gpio/export", "513");
    const input = await fan("on", `${label}:1`);
    assert.equal(input.code, 70, input.output);
    assert.match(input.output, /mcp2221_gpio:1 .*, as an input/);
  });
});

describe("cave-agent fan beside an agent that it does not know", () => {
  it("leaves that one's lines alone, and switches another", async (t) => {
    const { pi, becomes, agent } = await startCave(t, { changes: { "fan.feedbackLine": "GPIO27" } });
    await becomes("the fan is known", ({ fan }) => fan.driver === "sysfs");
    const fan = (action: string, line: string) => runToEnd(t, ["fan", action, "--line", line]);
    const before = (await pi.line(SOC, FAN)).history.length;
    const has = (line: string) =>
      new RegExp(`^process \\d+ \\(.+\\), on ${line}, has the fan\\nstop it first`);
    for (const line of ["GPIO17", "GPIO27"]) {
      const { code, output } = await fan("on", line);
      assert.equal(code, 75, output);
      assert.match(output, has(line));
    }
    assert.equal((await pi.line(SOC, FAN)).history.length, before);
    const looked = await runToEnd(t, ["doctor", "--line", "GPIO17"]);
    assert.match(
      looked.output,
      /warning .*GPIO17 .*held by process \d+ .*\n.*stop process \d+ .*, or use another line/i,
    );
    assert.equal((await fan("on", "GPIO22")).code, 0);
    assert.equal((await pi.line(SOC, 22)).level, 1);

    await agent.stop("SIGKILL");
    const { code, output } = await fan("on", "GPIO17");
    assert.equal(code, 0, output);
    const input = await fan("on", "GPIO27");
    assert.equal(input.code, 70);
    assert.match(input.output, /GPIO27 .*; it is exported in \/sys\/class\/gpio, as an input/);
  });

  it("says so where it may not look into all processes, and switches the line", async (t) => {
    const pi = await startPi(t);
    const agent = [process.execPath, join(ROOT, "bin/cave-agent.js"), "fan", "on", "--line", "GPIO17"];
    const fan = () => spawnSync("setpriv", ["--bounding-set=-sys_ptrace", ...agent], { encoding: "utf8" });
    assert.equal(fan().stderr, "", "what is not exported nobody uses");
    const { status, stderr } = fan();
    assert.match(stderr, /^whether another user's program has GPIO17 cannot be told: sudo .*\n$/);
    assert.equal(status, 0);
    assert.equal((await pi.line(SOC, FAN)).level, 1);
  });
});

describe("cave-agent doctor", () => {
  it("asks the sensor, looks at the line of the fan, and says what is wrong with them", async (t) => {
    const pi = await startPi(t);
    const rig = await startCloud(t);
    const config = await writeConfig(rig, GATEWAY);
    const look = async () => {
      const { output } = await runToEnd(t, ["doctor", "--json", "--config", config]);
      const { checks } = JSON.parse(output) as { checks: { id: string; result: string; detail: string }[] };
      return ["i2c", "gpio"].map((wanted) => {
        const { result, detail } = checks.find(({ id }) => id === wanted) ?? {};
        return `${result}: ${detail}`;
      });
    };
    const [sensor, fan] = await look();
    assert.equal(sensor, "ok: an SHT31 answers at 0x44 on /dev/i2c-1");
    assert.match(String(fan), /^ok: sysfs: GPIO17 is line 17 \(number 529\) of gpiochip512 .*, free/);
    await pi.bindSensor("sht3x");
    const [taken] = await look();
    assert.equal(taken, "failed: 0x44 on /dev/i2c-1 belongs to the kernel's driver sht3x (EBUSY)");
    await pi.bindSensor(undefined);
    await pi.unplugSensor();
    const [absent] = await look();
    assert.equal(absent, "failed: no SHT31 answers at 0x44 or 0x45 on /dev/i2c-1");
    assert.equal((await pi.line(SOC, FAN)).owner, undefined);
  });
});
