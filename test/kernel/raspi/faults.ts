import assert from "node:assert/strict";
import { getStatus } from "../../support/status.ts";
import { until } from "../../support/until.ts";
import { type Cave, FAN, PATIENCE } from "./cave.ts";
import { DEVICE_ID } from "./gateway.ts";

const CHIP = "pinctrl-bcm2835";

/** What goes wrong at the sensor and at the fan's line while the agent runs; it ends with the fan on, by an override. */
export async function faultParts(cave: Cave): Promise<void> {
  await transferParts(cave);
  await busParts(cave);
  await lineParts(cave);
}

async function transferParts({ rig, hardware, part, sensorBecomes, reads }: Cave): Promise<void> {
  const faultsOf = async () => {
    const { faults } = (await getStatus(rig, DEVICE_ID)).sensor;
    assert.ok(faults, "the sensor counts its faults");
    return faults;
  };

  await part("transfers that fail are tried again", async () => {
    const before = await faultsOf();
    await hardware.order({ do: "setChip", faults: { nackNext: 2 } });
    await sensorBecomes("met two NACKs", ({ faults }) => (faults?.nack ?? 0) >= before.nack + 2);
    await hardware.order({ do: "setChip", faults: { corruptNext: [1, 1] } });
    await sensorBecomes("met damaged words", ({ faults }) => (faults?.crc ?? 0) > before.crc);
    await reads();
  });

  await part("a heater that is on since the supply broke down is switched off", async () => {
    const before = await faultsOf();
    await hardware.order({ do: "setChip", faults: { heaterAfterReset: true } });
    await hardware.order({ do: "brownOut" });
    await sensorBecomes("was started anew", ({ faults }) => (faults?.reset ?? 0) > before.reset);
    await hardware.order({ do: "setChip", faults: { heaterAfterReset: false } });
    await reads();
    await hardware.order({ do: "look" });
    // It answers a little later than it is told.
    let heaters: boolean[] = [];
    const isTold = async () => {
      heaters = await hardware.heaters();
      return heaters.length > 2;
    };
    await until("its last report", isTold, { ...PATIENCE, onTimeout: () => String(heaters) });
    assert.deepEqual(heaters, [false, true, false]);
  });
}

async function busParts({ pi, hardware, part, sensorBecomes, reads }: Cave): Promise<void> {
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
      async begin() {
        // Held still meanwhile: the driver gives up if its first words meet another's.
        await pi.run("kill -STOP $agent && echo sht3x 0x44 > /sys/bus/i2c/devices/i2c-0/new_device");
        await pi.run("test -e /sys/bus/i2c/devices/0-0044/driver && kill -CONT $agent");
        // Who has the address keeps it; it is asked for again after so many.
        await hardware.order({ do: "setChip", faults: { nackNext: 3 } });
      },
      code: "I2C_BUSY",
      end: () => pi.run("echo 0-0044 > /sys/bus/i2c/drivers/sht3x/unbind"),
    },
  ]) {
    await part(`${what} is said so, and read again when that is over`, async () => {
      await begin();
      await sensorBecomes(code, (sensor) => sensor.code === code);
      await end();
      await reads();
    });
  }
}

async function lineParts({ rig, hub, pi, part, level, setFan }: Cave): Promise<void> {
  await part("a line that another program has is said so, and had again when it is free", async () => {
    // Held still meanwhile: it would be quicker to take its line back.
    await pi.run("kill -STOP $agent && echo 529 > /sys/class/gpio/unexport");
    // libgpiod 2 knows a chip by its number and name, not by its label.
    await pi.run(`chip=$(gpiodetect | grep -F '[${CHIP}]' | cut -d ' ' -f 1)`);
    await pi.run(`gpioset -c $chip ${FAN}=0 & holder=$!`);
    await level(0);
    await pi.run("kill -CONT $agent");
    const { status, payload } = await rig.service.invoke(DEVICE_ID, "SetFanState", "off");
    assert.equal(status, 400, JSON.stringify(payload));
    assert.match(JSON.stringify(payload), /FAN_FAILED/);
    await pi.run("kill $holder; ! wait $holder");
    await setFan("on");
    await level(1);
  });

  await part("all that came to the hub meanwhile is what was measured", async () => {
    const seen = { good: 0, heated: 0 };
    for (const { body, properties } of hub.telemetry(DEVICE_ID)) {
      const { temperature, humidity, source } = JSON.parse(body) as Record<string, unknown>;
      const { quality = "good" } = properties;
      assert.ok(quality === "good" || quality === "heated", quality);
      seen[quality] += 1;
      assert.equal(source, "sht31");
      // The heater that was found on warms the sensor, not the cave, and for minutes.
      if (quality === "heated") assert.ok(Number(temperature) >= 10.5 && Number(humidity) <= 91.25, body);
      else assert.deepEqual([temperature, humidity], [10.5, 91.25]);
    }
    assert.ok(seen.good > 0 && seen.heated > 0, JSON.stringify(seen));
  });
}
