import { readlink } from "node:fs/promises";
import { basename, join } from "node:path";

/**
 * The name of the kernel driver that is bound to an address, such as "sht3x"; undefined if none is. Devices lie in sysfs
 * as `<bus>-<address in four hexadecimal digits>` (Documentation/i2c/instantiating-devices.rst).
 */
export async function boundDriver(
  bus: number,
  address: number,
  devices = "/sys/bus/i2c/devices",
): Promise<string | undefined> {
  const device = `${bus}-${address.toString(16).padStart(4, "0")}`;
  const driver = await readlink(join(devices, device, "driver")).catch(() => undefined);
  return driver && basename(driver);
}
