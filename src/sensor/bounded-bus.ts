import { AgentError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { type Deadline, withDeadline } from "../lib/deadline.ts";
import { inKernel } from "../lib/in-kernel.ts";
import { busFile, type I2cAdapter, type I2cBus, type OpenI2cAdapter } from "./i2c-bus.ts";

/**
 * The kernel gives a transfer up after about a second (`struct i2c_adapter`, timeout), an adapter in trouble never. A
 * transfer waits in one of libuv's four threads, which all of the agent's files share.
 */
const LONGEST_TRANSFER = 1500;

interface Transfer {
  since: number;
  /** Resolves when it has ended, however it did. */
  ended: Promise<void>;
}

/**
 * A bus whose transfers end for whoever waits, although nothing ends them for the kernel. One at a time, also while one
 * hangs: a bus that is held costs one thread, never all four. Opening does no I/O.
 *
 * After any failure the device file is closed, and opened anew for the next transfer: i2c-bus keeps a file whose
 * I2C_SLAVE was refused (EBUSY), and would talk to address 0 through it, which is the general call.
 */
export function createI2cBus(number: number, open: OpenI2cAdapter, clock: Clock): I2cBus {
  const file = busFile(number);
  let adapter: I2cAdapter | undefined;
  let underWay: Transfer | undefined;
  let isLeaving = false;

  async function letGo(): Promise<void> {
    const old = adapter;
    adapter = undefined;
    isLeaving = false;
    await old?.close().catch(() => undefined);
  }

  async function perform<T>(work: (adapter: I2cAdapter) => Promise<T>): Promise<T> {
    let isSound = false;
    try {
      adapter ??= await open(number);
      const result = await work(adapter);
      isSound = true;
      return result;
    } finally {
      if (!isSound || isLeaving) await letGo();
    }
  }

  function begin<T>(work: (adapter: I2cAdapter) => Promise<T>): Promise<T> {
    const running = inKernel(perform(work));
    const end = () => {
      underWay = undefined;
    };
    underWay = { since: clock.monotonic(), ended: running.then(end, end) };
    return running;
  }

  async function transfer<T>(work: (adapter: I2cAdapter) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    while (underWay) {
      const left = underWay.since + LONGEST_TRANSFER - clock.monotonic();
      if (left <= 0) throw hanging(clock.monotonic() - underWay.since);
      await withDeadline(underWay.ended, deadline(left, "the transfer before"), clock, signal);
    }
    return withDeadline(begin(work), deadline(LONGEST_TRANSFER, "a transfer"), clock, signal);
  }

  const deadline = (after: number, what: string): Deadline => ({
    after,
    code: "I2C_TIMEOUT",
    awaiting: `${what} on ${file}`,
    remedy: HELD_BUS_REMEDY,
  });

  const hanging = (time: number): AgentError =>
    new AgentError(`a transfer on ${file} has been hanging for ${Math.round(time / 1000)} s`, {
      code: "I2C_TIMEOUT",
      retryable: true,
      remedy: HELD_BUS_REMEDY,
    });

  return {
    file,
    write: (address, bytes, signal) => transfer((opened) => opened.write(address, bytes), signal),
    read: (address, length, signal) => transfer((opened) => opened.read(address, length), signal),
    async close() {
      // A descriptor that is in use by a transfer is not closed under it.
      if (underWay) isLeaving = true;
      else await letGo();
    },
  };
}

export const HELD_BUS_REMEDY =
  "check SDA and SCL for a short circuit and missing pull-ups; switch the sensor's supply off and on";
