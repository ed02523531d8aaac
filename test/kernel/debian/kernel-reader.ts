import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defer, type Scope } from "../../support/cleanup.ts";
import { until } from "../../support/until.ts";

const ADDRESS = "0x44";
const HWMON = "/sys/class/hwmon";

/** The kernel's own driver for the sensor, as a second opinion. While it is bound, nobody else gets the address. */
export interface KernelReader {
  /** One measurement, thousandths of °C and of %RH (Documentation/hwmon/sht3x.rst). */
  read(): Promise<{ temperature: number; humidity: number }>;
  /** Lets go of the address. */
  unbind(): Promise<void>;
}

/** Binds the kernel's sht3x to the sensor on this bus. It lets go after the test at the latest. */
export async function bindKernelReader(t: Scope, bus: number): Promise<KernelReader> {
  const device = `/sys/bus/i2c/devices/i2c-${bus}`;
  await writeFile(join(device, "new_device"), `sht3x ${ADDRESS}`);
  let isBound = true;
  const unbind = async () => {
    if (!isBound) return;
    isBound = false;
    await writeFile(join(device, "delete_device"), ADDRESS);
  };
  defer(t, unbind);
  const folder = await until("the kernel's driver is bound", findSensor);
  const number = async (name: string) => Number(await readFile(join(folder, name), "utf8"));
  return {
    read: async () => ({
      temperature: await number("temp1_input"),
      humidity: await number("humidity1_input"),
    }),
    unbind,
  };
}

async function findSensor(): Promise<string | undefined> {
  for (const name of await readdir(HWMON)) {
    const driver = await readFile(join(HWMON, name, "name"), "utf8").catch(() => "");
    if (driver.trim() === "sht3x") return join(HWMON, name);
  }
  return undefined;
}
