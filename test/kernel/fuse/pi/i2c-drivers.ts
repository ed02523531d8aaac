import { refusal } from "./errno.ts";
import { attribute, type Directory, directory, link } from "./fuse/tree.ts";

/** The drivers of the kernel that have a chip of an I2C bus. */
export interface I2cDrivers {
  has(address: number): boolean;
  bind(address: number, driver: string): void;
  unbind(address: number): void;
  /**
   * /sys/bus/i2c as far as they show there (Linux Documentation/i2c/instantiating-devices.rst): `devices/1-0044/driver`,
   * and `drivers/NAME/unbind`, which takes the chip away from its driver.
   */
  readonly directory: Directory;
}

export function createI2cDrivers(bus: number): I2cDrivers {
  const devices = directory({});
  const drivers = directory({});
  const bound = new Map<number, string>();
  const name = (address: number) => `${bus}-${address.toString(16).padStart(4, "0")}`;

  function unbind(address: number): void {
    devices.entries.delete(name(address));
    drivers.entries.delete(bound.get(address) ?? "");
    bound.delete(address);
  }
  return {
    has: (address) => bound.has(address),
    bind(address, driver) {
      bound.set(address, driver);
      devices.entries.set(name(address), directory({ driver: link(`../../drivers/${driver}`) }));
      const unbindAttribute = attribute({
        store(device) {
          if (device !== name(address)) throw refusal("ENODEV");
          unbind(address);
        },
      });
      drivers.entries.set(driver, directory({ unbind: unbindAttribute }));
    },
    unbind,
    directory: directory({ devices, drivers }),
  };
}
