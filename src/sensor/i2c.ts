import { AgentError } from "../errors.ts";
import { explainMissing } from "../lib/add-on.ts";
import { busFile, type I2cAdapter } from "./i2c-bus.ts";

const I2C_BUS = { name: "i2c-bus", version: "5.2.3", native: "i2c-bus" };

/**
 * A bus through the npm package i2c-bus, which is loaded here and only here: it is native, optional, and absent where it
 * could not be built. Rejects with `I2C_UNAVAILABLE` then. Plain reads and writes only; a scan would not find an SHT3x,
 * which refuses a read while it has nothing to say.
 */
export async function openI2cAdapter(number: number): Promise<I2cAdapter> {
  const { default: i2c } = await import("i2c-bus").catch((error: unknown) => {
    throw unavailable(error);
  });
  // Opens nothing yet: each address gets its file at its first transfer.
  const bus = i2c.openSync(number).promisifiedBus();
  return {
    async write(address, bytes) {
      const { bytesWritten } = await bus.i2cWrite(address, bytes.length, Buffer.from(bytes));
      if (bytesWritten !== bytes.length) throw cutShort(number, bytesWritten, bytes.length);
    },
    async read(address, length) {
      const { bytesRead, buffer } = await bus.i2cRead(address, length, Buffer.alloc(length));
      if (bytesRead !== length) throw cutShort(number, bytesRead, length);
      return buffer;
    },
    close: () => bus.close(),
  };
}

function cutShort(number: number, done: number, length: number): Error {
  const message = `EIO: ${busFile(number)} transferred ${done} of ${length} bytes`;
  return Object.assign(new Error(message), { code: "EIO" });
}

function unavailable(cause: unknown): AgentError {
  const { message, remedy } = explainMissing(I2C_BUS, cause);
  return new AgentError(message, { code: "I2C_UNAVAILABLE", retryable: false, remedy, cause });
}
