import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { explainI2c } from "#agent/sensor/i2c-faults.js";
import { boundDriver } from "#agent/sensor/kernel-driver.js";
import { errnoError } from "../support/hardware/fake-adapter.ts";
import { temporaryDirectory } from "../support/pki.ts";

const PEER = { bus: 1, address: 0x44 };

describe("explainI2c", () => {
  it("tells the causes apart, each with its own remedy", async () => {
    const found = await Promise.all(
      [
        "EREMOTEIO",
        "ENXIO",
        "ETIMEDOUT",
        "ENOENT",
        "ENODEV",
        "EACCES",
        "EPERM",
        "EIO",
        "EAGAIN",
        "ENOTTY",
      ].map(async (errno) => [errno, (await explainI2c(errnoError(errno), PEER)).code]),
    );
    assert.deepEqual(Object.fromEntries(found), {
      EREMOTEIO: "SENSOR_NO_ANSWER",
      ENXIO: "SENSOR_NO_ANSWER",
      ETIMEDOUT: "I2C_TIMEOUT",
      ENOENT: "I2C_MISSING",
      ENODEV: "I2C_MISSING",
      EACCES: "I2C_DENIED",
      EPERM: "I2C_DENIED",
      EIO: "I2C_FAILED",
      EAGAIN: "I2C_FAILED",
      ENOTTY: "I2C_FAILED",
    });
    const { message, cause } = await explainI2c(errnoError("EREMOTEIO"), PEER);
    assert.match(message, /^0x44 on \/dev\/i2c-1 does not acknowledge \(EREMOTEIO\)$/);
    assert.ok(cause instanceof Error);
  });

  it("names the kernel's driver that has the chip, and how to take it away", async (t) => {
    const devices = await temporaryDirectory(t);
    mkdirSync(join(devices, "1-0044"));
    symlinkSync("../../../bus/i2c/drivers/sht3x", join(devices, "1-0044/driver"));
    const { code, message, remedy } = await explainI2c(errnoError("EBUSY"), PEER, devices);
    assert.equal(code, "I2C_BUSY");
    assert.match(message, /0x44 on \/dev\/i2c-1 belongs to the kernel's driver sht3x/);
    assert.match(remedy, /dtoverlay/);
    assert.match(remedy, /echo 1-0044 \| sudo tee \/sys\/bus\/i2c\/drivers\/sht3x\/unbind/);
    assert.equal(await boundDriver(1, 0x45, devices), undefined);
  });

  it("names it also on a bus behind a multiplexer, or before it, and on no other", async (t) => {
    const devices = await temporaryDirectory(t);
    const controller = await temporaryDirectory(t);
    const branch = join(controller, "i2c-1/i2c-11");
    const parts: [string, string][] = [
      ["i2c-1", join(controller, "i2c-1")],
      ["i2c-11", branch],
      ["i2c-12", join(controller, "i2c-1/i2c-12")],
      ["i2c-2", join(controller, "i2c-2")],
      ["11-0044", join(branch, "11-0044")],
    ];
    for (const [name, path] of parts) {
      mkdirSync(path, { recursive: true });
      symlinkSync(path, join(devices, name));
    }
    symlinkSync("../../../bus/i2c/drivers/sht3x", join(branch, "11-0044/driver"));
    const bound = { driver: "sht3x", device: "11-0044" };
    const found = await Promise.all([1, 11, 12, 2].map((bus) => boundDriver(bus, 0x44, devices)));
    assert.deepEqual(found, [bound, bound, undefined, undefined]);
    const { remedy } = await explainI2c(errnoError("EBUSY"), PEER, devices);
    assert.match(remedy, /echo 11-0044 \|/);
    mkdirSync(join(controller, "i2c-1/1-0045"));
    symlinkSync(join(controller, "i2c-1/1-0045"), join(devices, "1-0045"));
    assert.equal(await boundDriver(1, 0x45, devices), undefined, "no driver has it");
    symlinkSync("../../../bus/i2c/drivers/sht3x", join(controller, "i2c-1/1-0045/driver"));
    assert.equal((await boundDriver(12, 0x45, devices))?.device, "1-0045");
  });

  it("blames the controller where no driver is bound, and calls it a failed transfer", async (t) => {
    const devices = await temporaryDirectory(t);
    const { code, message } = await explainI2c(errnoError("EBUSY"), PEER, devices);
    assert.equal(code, "I2C_FAILED");
    assert.match(message, /^0x44 on \/dev\/i2c-1: the controller is busy \(EBUSY\)$/);
  });
});
