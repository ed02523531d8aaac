import { constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { output } from "../qemu/command.ts";
import { type LineWrite, meaningOf } from "./gpio-block.ts";
import type { Monitor } from "./monitor.ts";

/** Every write of the guest to the GPIO block, as it happens: a level looked at now and then would miss a glitch. */
export interface WriteLog {
  /** For QEMU: a pipe, since a second of it may have a megabyte, nearly all of it about USB. */
  words: readonly string[];
  /** Begins to follow. */
  start(monitor: Monitor): Promise<void>;
  /** What was done to a line since the start, oldest first. */
  of(line: number): LineWrite[];
  close(): void;
}

const EVENT = "memory_region_ops_write";
const WRITE = /^memory_region_ops_write .* addr 0x([0-9a-f]+) value 0x([0-9a-f]+) .*'bcm2835_gpio'/;

/** @param folder where the pipe may lie */
export async function createWriteLog(folder: string): Promise<WriteLog> {
  const pipe = join(folder, "writes");
  await output("mkfifo", [pipe]);
  // Opened for writing too, it neither waits for QEMU nor ends with it.
  const socket = new Socket({ fd: openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK), readable: true });
  const writes: { address: number; value: number }[] = [];
  createInterface({ input: socket }).on("line", (text) => {
    const [, address, value] = WRITE.exec(text) ?? [];
    if (address === undefined || value === undefined) return;
    writes.push({ address: Number.parseInt(address, 16), value: Number.parseInt(value, 16) });
  });
  return {
    words: ["-D", pipe],
    start: async (monitor) => void (await monitor.ask(`trace-event ${EVENT} on`)),
    of: (line) =>
      writes
        .map(({ address, value }) => meaningOf(line, address, value))
        .filter((meaning) => meaning !== undefined),
    close: () => socket.destroy(),
  };
}
