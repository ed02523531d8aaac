import { read, writeSync } from "node:fs";
import { promisify } from "node:util";
import { READ_BUFFER } from "./wire.ts";

const readFrom = promisify(read);

/** An open /dev/fuse on which a file system is mounted. */
export interface FuseDevice {
  /** The kernel's next request; undefined once the file system is unmounted. */
  next(): Promise<Buffer | undefined>;
  send(message: Buffer): void;
}

export function openFuseDevice(descriptor: number): FuseDevice {
  return {
    async next() {
      const buffer = Buffer.alloc(READ_BUFFER);
      for (;;) {
        try {
          const { bytesRead } = await readFrom(descriptor, buffer, 0, buffer.length, null);
          return buffer.subarray(0, bytesRead);
        } catch (error) {
          if (codeOf(error) === "ENODEV") return undefined;
          // The request was withdrawn before it could be read.
          if (!["ENOENT", "EINTR", "EAGAIN"].includes(codeOf(error))) throw error;
        }
      }
    },
    send(message) {
      try {
        writeSync(descriptor, message);
      } catch (error) {
        // Whoever asked has been killed in the meantime, or the file system is unmounted.
        if (!["ENOENT", "ENODEV", "EPERM"].includes(codeOf(error))) throw error;
      }
    },
  };
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "";
}
