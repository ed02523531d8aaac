import { AgentError, isAgentError, messageOf } from "../errors.ts";
import { HELD_BUS_REMEDY } from "./bounded-bus.ts";
import { busFile } from "./i2c-bus.ts";
import { type BoundDriver, boundDriver } from "./kernel-driver.ts";

/** Who was spoken to. */
export interface Peer {
  /** The bus's number. */
  bus: number;
  /** 7 bits. */
  address: number;
}

/** An I2C address as people write it: "0x44". */
export function asAddress(address: number): string {
  return `0x${address.toString(16).padStart(2, "0")}`;
}

/**
 * What the failure of a transfer means, and what to do about it. The errno of a NACK depends on the controller's driver:
 * EREMOTEIO from i2c-bcm2835 and i2c-designware, ENXIO from hid-mcp2221 (Documentation/i2c/fault-codes.rst asks for ENXIO).
 * `devices` is where sysfs shows what the kernel's drivers are bound to.
 */
export async function explainI2c(
  error: unknown,
  { bus, address }: Peer,
  devices?: string,
): Promise<AgentError> {
  if (isAgentError(error)) return error;
  const file = busFile(bus);
  const where = `${asAddress(address)} on ${file}`;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "EREMOTEIO":
    case "ENXIO":
      return notAcknowledged(`${where} does not acknowledge (${code})`, error);
    case "ETIMEDOUT":
      return new AgentError(`${where}: the controller gave the transfer up (ETIMEDOUT): the bus is held`, {
        code: "I2C_TIMEOUT",
        retryable: true,
        remedy: HELD_BUS_REMEDY,
        cause: error,
      });
    case "EBUSY":
      return busy(where, await boundDriver(bus, address, devices), error);
    case "ENOENT":
    case "ENODEV":
      return new AgentError(`there is no ${file}`, {
        code: "I2C_MISSING",
        retryable: true,
        remedy:
          "switch I2C on: on a Raspberry Pi, run: sudo raspi-config nonint do_i2c 0; if the sensor is on another bus, name that (sensor.bus, or --bus of read and doctor)",
        cause: error,
      });
    case "EACCES":
    case "EPERM":
      return new AgentError(`this user may not use ${file}`, {
        code: "I2C_DENIED",
        retryable: true,
        remedy: "make the agent's user a member of the group i2c; a member of it has to log in anew",
        cause: error,
      });
    default:
      return new AgentError(`${where}: the transfer failed: ${messageOf(error)}`, {
        code: "I2C_FAILED",
        retryable: true,
        remedy: HELD_BUS_REMEDY,
        cause: error,
      });
  }
}

export function notAcknowledged(message: string, cause: unknown): AgentError {
  return new AgentError(message, {
    code: "SENSOR_NO_ANSWER",
    retryable: true,
    remedy: "check the sensor's supply, SDA, SCL and ground, and sensor.bus and sensor.address",
    cause,
  });
}

/**
 * i2c-dev lets any number of programs have an address, and refuses one only for a driver of the kernel. Otherwise the
 * controller says EBUSY, as long as the bus is not free (Documentation/i2c/fault-codes.rst), which may pass.
 */
function busy(where: string, bound: BoundDriver | undefined, cause: unknown): AgentError {
  if (!bound) {
    return new AgentError(`${where}: the controller is busy (EBUSY)`, {
      code: "I2C_FAILED",
      retryable: true,
      remedy: HELD_BUS_REMEDY,
      cause,
    });
  }
  const { driver, device } = bound;
  return new AgentError(`${where} belongs to the kernel's driver ${driver} (EBUSY)`, {
    code: "I2C_BUSY",
    retryable: true,
    remedy: `take the sensor's dtoverlay (such as i2c-sensor,sht3x) out of config.txt and restart, or for now run: echo ${device} | sudo tee /sys/bus/i2c/drivers/${driver}/unbind`,
    cause,
  });
}
