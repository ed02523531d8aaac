import { readdir, readlink, realpath } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";

/** A driver of the kernel that has a chip. */
export interface BoundDriver {
  /** "sht3x" */
  driver: string;
  /** The chip's name in sysfs, as the driver's file `unbind` takes it: "1-0044". */
  device: string;
}

/**
 * The kernel driver for whose sake i2c-dev refuses an address of a bus with EBUSY; undefined if none is bound. As in
 * `i2cdev_check_addr` (drivers/i2c/i2c-dev.c), it may also be on a bus behind one of this bus's multiplexers, or on the
 * bus before this one's. Devices lie in sysfs as `<bus>-<address in four hexadecimal digits>`
 * (Documentation/i2c/instantiating-devices.rst), and a bus behind a multiplexer lies in the one before it.
 */
export async function boundDriver(
  bus: number,
  address: number,
  devices = "/sys/bus/i2c/devices",
): Promise<BoundDriver | undefined> {
  const ending = `-${address.toString(16).padStart(4, "0")}`;
  const own = await realpath(join(devices, `i2c-${bus}`)).catch(() => undefined);
  const names = await readdir(devices).catch(() => []);
  for (const device of names.filter((name) => name.endsWith(ending))) {
    const driver = await readlink(join(devices, device, "driver")).catch(() => undefined);
    if (driver === undefined) continue;
    const onSameBus = device === `${bus}${ending}`;
    if (onSameBus || (await isRelated(join(devices, device), own))) {
      return { driver: basename(driver), device };
    }
  }
  return undefined;
}

async function isRelated(device: string, own: string | undefined): Promise<boolean> {
  const other = await realpath(device).then(dirname, () => undefined);
  if (own === undefined || other === undefined) return false;
  return other.startsWith(`${own}${sep}`) || own.startsWith(`${other}${sep}`);
}
