import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { HealthDocument } from "#agent/health/document.js";
import { startCloud } from "../../support/rig.ts";
import { getStatus } from "../../support/status.ts";
import { until } from "../../support/until.ts";
import { agentOn } from "./agent.ts";
import { DEVICE_ID, gatewayFiles } from "./gateway.ts";
import { hardwareOf } from "./hardware.ts";
import { bootPi } from "./pi.ts";

/** The fan is on GPIO17: of the chip pinctrl-bcm2835, which this kernel numbers from 512. */
const FAN = 17;
/** Seconds: an emulated processor needs many times what a real one does. */
const PATIENCE = { seconds: 240 };
/** Milliseconds. */
const LOG_LATE = 1000;

test("the agent on a Raspberry Pi 3 with a stock Debian kernel", async (t) => {
  const rig = await startCloud(t);
  const pi = await bootPi(t, await gatewayFiles(rig));
  const agent = agentOn(pi);
  const hardware = hardwareOf(pi);
  const { hub } = rig.cloud;
  const online = () =>
    until("the agent is online", () => hub.connectedDevices().includes(DEVICE_ID), PATIENCE);
  const level = (wanted: 0 | 1) =>
    until(`GPIO${FAN} is ${wanted}`, async () => (await pi.gpio.level(FAN)) === wanted, PATIENCE);
  const setFan = async (state: "on" | "off") => {
    const { status } = await rig.service.invoke(DEVICE_ID, "SetFanState", state);
    assert.equal(status, 200);
  };
  const logged = (event: string) =>
    until(`it logs ${event}`, async () => (await agent.logged(event)) || undefined, PATIENCE);
  /** What happens to the line while `act` runs. */
  const writesDuring = async (act: () => Promise<unknown>) => {
    const before = await settledWrites();
    await act();
    return pi.writesTo(FAN).slice(before, await settledWrites());
  };
  /** On a busy machine the log of the writes comes a little later than what the monitor says. */
  const settledWrites = async () => {
    for (let seen = -1; ; await delay(LOG_LATE)) {
      const { length } = pi.writesTo(FAN);
      if (length === seen) return length;
      seen = length;
    }
  };
  const sensorHas = (what: string, has: (sensor: HealthDocument["sensor"]) => boolean) =>
    until(`the sensor has ${what}`, async () => has((await getStatus(rig, DEVICE_ID)).sensor), PATIENCE);
  const part = partsOf(t, () => agent.log().catch(String));

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

  await part("transfers that fail cost no reading, and no wrong value comes of them", async () => {
    await hardware.order({ do: "setChip", faults: { nackNext: 2 } });
    await sensorHas("met two NACKs", ({ faults }) => faults?.nack === 2);
    await hardware.order({ do: "setChip", faults: { corruptNext: [1, 1] } });
    await sensorHas("met damaged words", ({ faults }) => (faults?.crc ?? 0) > 0);
    await sensorHas("no fault", ({ state }) => state === "ok");
  });

  await part("a heater that is on since the supply broke down is switched off", async () => {
    await hardware.order({ do: "setChip", faults: { heaterAfterReset: true } });
    await hardware.order({ do: "brownOut" });
    assert.equal(await hardware.heater(), true);
    await sensorHas("been started anew", ({ faults }) => faults?.reset === 1);
    await sensorHas("no fault", ({ state }) => state === "ok");
    await hardware.order({ do: "look" });
    assert.equal(await hardware.heater(), false);
    await hardware.order({ do: "setChip", faults: { heaterAfterReset: false } });
  });

  for (const { what, begin, code, end } of [
    {
      what: "a bus that is held",
      begin: () => hardware.order({ do: "setBus", isHeldLow: true }),
      code: "I2C_TIMEOUT",
      end: () => hardware.order({ do: "setBus", isHeldLow: false }),
    },
    {
      what: "a bridge that is unplugged",
      begin: () => hardware.order({ do: "unplug" }),
      code: "I2C_MISSING",
      end: () => hardware.order({ do: "plugIn" }),
    },
    {
      what: "a sensor that a driver of the kernel has",
      begin: () => pi.run("echo sht3x 0x44 > /sys/bus/i2c/devices/i2c-0/new_device"),
      code: "I2C_BUSY",
      end: () => pi.run("echo 0-0044 > /sys/bus/i2c/drivers/sht3x/unbind"),
    },
  ]) {
    await part(`${what} is said so, and read again when that is over`, async () => {
      await begin();
      await sensorHas(code, (sensor) => sensor.code === code);
      await end();
      await sensorHas("no fault", ({ state }) => state === "ok");
    });
  }

  await part("a line that somebody else has taken is said so, and had again when it is free", async () => {
    await pi.run("echo 529 > /sys/class/gpio/unexport");
    await pi.run("gpioset -c pinctrl-bcm2835 17=0 & holder=$!");
    await level(0);
    const refused = await rig.service.invoke(DEVICE_ID, "SetFanState", "off");
    assert.equal(refused.status, 400, JSON.stringify(refused.payload));
    assert.match(JSON.stringify(refused.payload), /another program/);
    await pi.run("kill $holder; wait $holder; true");
    await setFan("on");
    await level(1);
  });

  await part("all that the hub has is what was measured", async () => {
    for (const { body } of hub.telemetry(DEVICE_ID)) {
      const { temperature, humidity, source } = JSON.parse(body) as Record<string, unknown>;
      assert.deepEqual([temperature, humidity, source], [10.5, 91.25, "sht31"]);
    }
  });

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

/** Parts of a story: each begins where the one before has ended, so that after a failure there is nothing to begin with. */
function partsOf(t: TestContext, explain: () => Promise<string>) {
  let failed: string | undefined;
  return async (name: string, act: () => Promise<void>): Promise<void> => {
    await t.test(name, async (part) => {
      if (failed !== undefined) return part.skip(`"${failed}" failed before`);
      try {
        await act();
      } catch (error) {
        failed = name;
        part.diagnostic(`the agent's log:\n${await explain()}`);
        throw error;
      }
    });
  };
}
