import { AgentError, isAborted } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import type { I2cBus } from "../i2c-bus.ts";
import { asAddress, explainI2c, type Peer } from "../i2c-faults.ts";
import { COMMANDS, type Command, STATUS } from "./commands.ts";
import { WORD_LENGTH, wordsOf } from "./words.ts";

/** One SHT3x at its address. Each call rejects with an AgentError that says what failed, or an AbortError. */
export interface Chip {
  readonly address: number;
  tell(command: Command, signal: AbortSignal): Promise<void>;
  /** What the chip answers, once the CRC of every word fits: else `SENSOR_CRC`. */
  ask(command: Command, signal: AbortSignal): Promise<number[]>;
  status(signal: AbortSignal): Promise<{ heaterOn: boolean; resetDetected: boolean }>;
}

/** Keeps the chip's times: it hears no command while it is busy with the one before. */
export function createChip(bus: I2cBus, peer: Peer, clock: Clock): Chip {
  const { address } = peer;
  let busyUntil = 0;

  async function pause(until: number, signal: AbortSignal): Promise<void> {
    // A timer may come up to 1 ms early.
    for (let left = until - clock.monotonic(); left > 0; left = until - clock.monotonic()) {
      await clock.sleep(left, signal);
    }
  }

  async function transfer<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (isAborted(error)) throw error;
      throw await explainI2c(error, peer);
    }
  }

  async function tell({ code, busyFor }: Command, signal: AbortSignal): Promise<void> {
    await pause(busyUntil, signal);
    try {
      await transfer(bus.write(address, Uint8Array.of(code >> 8, code & 0xff), signal));
    } finally {
      // Also when it failed or was aborted: the chip may have heard it.
      busyUntil = clock.monotonic() + busyFor;
    }
  }

  async function ask(command: Command, signal: AbortSignal): Promise<number[]> {
    await tell(command, signal);
    await pause(clock.monotonic() + command.answerAfter, signal);
    const bytes = await transfer(bus.read(address, command.words * WORD_LENGTH, signal));
    const words = wordsOf(bytes);
    if (words) return words;
    throw damaged(`${asAddress(address)} on ${bus.file}: ${command.name}: the CRC does not fit`);
  }

  return {
    address,
    tell,
    ask,
    async status(signal) {
      const [word = 0] = await ask(COMMANDS.status, signal);
      return {
        heaterOn: (word & STATUS.heaterOn) !== 0,
        resetDetected: (word & STATUS.resetDetected) !== 0,
      };
    },
  };
}

function damaged(message: string): AgentError {
  return new AgentError(message, {
    code: "SENSOR_CRC",
    retryable: true,
    remedy:
      "shorten or shield the sensor's cable and check the pull-ups of SDA and SCL; if no read ever succeeds, another chip has this address",
  });
}
