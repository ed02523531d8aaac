import { refusal } from "./errno.ts";
import { type FileNode, file } from "./fuse/tree.ts";
import type { I2cBus } from "./i2c-bus.ts";

/** Linux include/uapi/linux/i2c-dev.h. */
const I2C_SLAVE = 0x0703;
const I2C_SLAVE_FORCE = 0x0706;
const HIGHEST_ADDRESS = 0x7f;

/**
 * /dev/i2c-N (Linux Documentation/i2c/dev-interface.rst): each open file has an address, which is 0 until an ioctl sets
 * it, and stays as it was if that is refused. Read and write are a transfer each. The ioctls that hand over memory
 * (I2C_FUNCS, I2C_RDWR, I2C_SMBUS) cannot come through FUSE and are answered with ENOTTY.
 */
export function i2cDevice(bus: I2cBus): FileNode {
  return file(0o660, () => {
    let address = 0;
    return {
      ioctl(command, argument) {
        if (command !== I2C_SLAVE && command !== I2C_SLAVE_FORCE) throw refusal("ENOTTY");
        if (argument > HIGHEST_ADDRESS) throw refusal("EINVAL");
        if (command === I2C_SLAVE) bus.claim(argument);
        address = argument;
      },
      read: (size) => bus.read(address, size),
      write: (data) => bus.write(address, data),
    };
  });
}
