import { setTimeout as delay } from "node:timers/promises";
import i2c from "i2c-bus";

const ADDRESS = 0x44;
const MEASURE = Buffer.from([0x24, 0x00]);

/** i2c-bus as its README has it, synchronous: no CRC, no status, no recovery. */
export async function openPlain() {
  const bus = i2c.openSync(1);
  const words = Buffer.alloc(6);
  return {
    async read() {
      bus.i2cWriteSync(ADDRESS, MEASURE.length, MEASURE);
      // Node's timers may come up to 1 ms early: after 16 the sensor would now and then not answer yet.
      await delay(17);
      bus.i2cReadSync(ADDRESS, words.length, words);
      return {
        temperature: -45 + (175 * words.readUInt16BE(0)) / 65_535,
        humidity: (100 * words.readUInt16BE(3)) / 65_535,
      };
    },
    close: async () => bus.closeSync(),
  };
}
