import assert from "node:assert/strict";
import { test } from "node:test";
import { getStatus } from "../../support/status.ts";
import { until } from "../../support/until.ts";
import { FAN, PATIENCE, setUpCave } from "./cave.ts";
import { faultParts } from "./faults.ts";
import { DEVICE_ID } from "./gateway.ts";

test("the agent on a Raspberry Pi 3 with a stock Debian kernel", async (t) => {
  const cave = await setUpCave(t);
  const { rig, hub, pi, agent, hardware, part, level, setFan, logged, writesDuring } = cave;
  const online = () =>
    until("the agent is online", () => hub.connectedDevices().includes(DEVICE_ID), PATIENCE);

  await part("power-on: no clock, the line an input, a sensor on the bus", async () => {
    assert.equal((await pi.run("date +%Y")).trim(), "1970");
    assert.equal(await pi.gpio.role(FAN), "input");
    await hardware.start();
    const hasBus = async () => (await pi.run("ls /dev")).includes("i2c-0");
    await until("the kernel has the sensor's bus", hasBus, PATIENCE);
  });

  await part(
    "before it knows the time, the agent has the fan at rest: first the level, then the direction",
    async () => {
      await agent.start();
      const takes = async () => (await pi.gpio.role(FAN)) === "output";
      assert.deepEqual(await writesDuring(() => until("it takes the line", takes, PATIENCE)), [
        "low",
        "output",
      ]);
      assert.match(await logged("fan-driver"), /GPIO17 is line 17 \(number 529\) of .*pinctrl-bcm2835/);
      await logged("waiting-for-clock");
      assert.deepEqual(hub.connectedDevices(), []);
    },
  );

  await part("with the time it comes online, and sends what the sensor measures", async () => {
    await pi.run(`date -s @${Math.floor(Date.now() / 1000)}`);
    await online();
    const measured = () => hub.telemetry(DEVICE_ID).find(({ properties }) => !("historical" in properties));
    const { body } = await until("a sample", measured, PATIENCE);
    const { temperature, humidity, source } = JSON.parse(body) as Record<string, unknown>;
    assert.deepEqual(
      { temperature, humidity, source },
      { temperature: 10.5, humidity: 91.25, source: "sht31" },
    );
    const { fan } = await getStatus(rig, DEVICE_ID);
    assert.deepEqual([fan.driver, fan.state, fan.fault], ["sysfs", "off", null]);
  });

  await part("SetFanState through the hub drives the pin", async () => {
    const writes = await writesDuring(async () => {
      await setFan("on");
      await level(1);
      await setFan("off");
      await level(0);
      await setFan("on");
      await level(1);
    });
    assert.deepEqual(writes, ["high", "low", "high"]);
  });

  await faultParts(cave);

  await part("killed, it leaves the fan as it was: the kernel keeps the line", async () => {
    assert.deepEqual(await writesDuring(agent.kill), []);
    assert.deepEqual([await pi.gpio.role(FAN), await pi.gpio.level(FAN)], ["output", 1]);
  });

  await part("started anew, it takes over the running fan without a glitch", async () => {
    const before = hub.telemetryCounts(DEVICE_ID).received;
    const writes = await writesDuring(async () => {
      await agent.start();
      const isNew = () => hub.telemetryCounts(DEVICE_ID).received > before;
      await until("it sends again", isNew, PATIENCE);
    });
    assert.deepEqual(
      writes.filter((write) => write !== "high"),
      [],
    );
    const { fan } = await getStatus(rig, DEVICE_ID);
    assert.deepEqual([fan.state, fan.reason], ["on", "override"]);
    assert.equal(await pi.gpio.level(FAN), 1);
  });

  await part("killed again, the service's stop command brings the fan to its safe state", async () => {
    await agent.kill();
    assert.equal(await pi.gpio.level(FAN), 1);
    assert.deepEqual(await writesDuring(() => agent.command("fan safe")), ["low"]);
    assert.deepEqual([await pi.gpio.role(FAN), await pi.gpio.level(FAN)], ["output", 0]);
  });

  await part("by the character device, nobody holds the line of a fan whose holder was killed", async () => {
    await pi.run("echo 529 > /sys/class/gpio/unexport");
    await agent.startCommand("fan on --driver chardev");
    await level(1);
    assert.equal(await pi.gpio.role(FAN), "output");
    await agent.kill();
    await until("the line floats", async () => (await pi.gpio.role(FAN)) === "input", PATIENCE);
    // With no resistor but QEMU's the level stays; "off" is what the stop command drives, before it lets go too.
    const writes = await writesDuring(() => agent.command("fan safe --driver chardev"));
    assert.deepEqual(writes, ["low", "output", "input"]);
  });
});
