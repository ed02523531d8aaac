import { setTimeout as delay } from "node:timers/promises";
import type { Sht31Chip } from "../../../support/hardware/sht31-chip.ts";
import { refusal } from "./errno.ts";

/** One I2C bus with its controller, and what is wrong with it. */
export interface I2cBus {
  /** Whether a program may talk to the address: `EBUSY` if a driver of the kernel has it. */
  claim(address: number): void;
  write(address: number, bytes: Uint8Array): Promise<void>;
  read(address: number, length: number): Promise<Uint8Array>;
  /** Change them at any time. */
  readonly faults: BusFaults;
  /** Every transfer and every claim since the beginning. */
  readonly transfers: readonly BusTransfer[];
}

export interface BusFaults {
  /**
   * Milliseconds after which the controller gives a transfer up, because somebody holds SCL low; undefined if nobody
   * does. The kernel's default is one second (adap->timeout = HZ, drivers/i2c/i2c-core-base.c).
   */
  heldFor: number | undefined;
  /** How the controller says that nobody acknowledged: EREMOTEIO on a Raspberry Pi (i2c-bcm2835), ENXIO elsewhere. */
  nack: "EREMOTEIO" | "ENXIO";
}

export interface BusTransfer {
  kind: "claim" | "write" | "read";
  address: number;
  /** In hexadecimal: what was written or read. */
  bytes: string;
  /** It has not come to an end yet, or waits for another one to. */
  isUnderWay: boolean;
  /** The errno that came of it. */
  error: string | undefined;
}

/** `isBound`: whether a driver of the kernel has the address. */
export function createI2cBus(
  slaves: ReadonlyMap<number, Sht31Chip>,
  isBound: (address: number) => boolean,
): I2cBus {
  const faults: BusFaults = { heldFor: undefined, nack: "EREMOTEIO" };
  const transfers: BusTransfer[] = [];
  let turn: Promise<unknown> = Promise.resolve();

  /** One transfer at a time: the kernel locks the adapter. */
  function transfer(
    kind: "write" | "read",
    address: number,
    work: (chip: Sht31Chip | undefined) => Uint8Array | undefined,
  ): Promise<Uint8Array> {
    const note: BusTransfer = { kind, address, bytes: "", isUnderWay: true, error: undefined };
    transfers.push(note);
    const done = turn.then(async () => {
      const { heldFor } = faults;
      if (heldFor !== undefined) await delay(heldFor);
      const bytes = heldFor === undefined ? work(slaves.get(address)) : undefined;
      note.isUnderWay = false;
      if (bytes) {
        note.bytes = Buffer.from(bytes).toString("hex");
        return bytes;
      }
      note.error = heldFor === undefined ? faults.nack : "ETIMEDOUT";
      throw refusal(note.error);
    });
    turn = done.catch(() => undefined);
    return done;
  }

  return {
    faults,
    transfers,
    claim(address) {
      const error = isBound(address) ? "EBUSY" : undefined;
      transfers.push({ kind: "claim", address, bytes: "", isUnderWay: false, error });
      if (error) throw refusal(error);
    },
    async write(address, bytes) {
      await transfer("write", address, (chip) => (chip?.write(bytes) ? bytes : undefined));
    },
    read: (address, length) => transfer("read", address, (chip) => chip?.read(length)),
  };
}
