import { open, readdir, rm } from "node:fs/promises";
import { syncFolder } from "../lib/atomic-file.ts";
import { makeFolder } from "../lib/make-folder.ts";

/** An open file, as much of it as the outbox needs. Every method rejects with the error of the file system. */
export interface File {
  /** Bytes. */
  size(): Promise<number>;
  /** Fills `buffer` from `position` on; how many bytes there were. */
  read(buffer: Buffer, position: number): Promise<number>;
  /** Resolves once all of `buffer` has been handed to the kernel (write(2)): it then survives the process. */
  write(buffer: Buffer, position: number): Promise<void>;
  /** fdatasync(2): what was written survives a power cut. */
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/** Where the outbox meets the disk: the one place to stand a failing disk in for. */
export interface Files {
  /** `wx+` creates a file that must not exist, `r+` and `r` want it to be there. Files are for their owner alone (0600). */
  open(path: string, flags: "r" | "r+" | "wx+"): Promise<File>;
  /** The names in a folder; none if it does not exist. */
  list(folder: string): Promise<string[]>;
  /** Creates the folder and those above it (0700); one that exists is fine. */
  createFolder(folder: string): Promise<void>;
  /** Makes new and removed names survive a power cut. */
  syncFolder(folder: string): Promise<void>;
  /** A file that is not there is fine. */
  remove(path: string): Promise<void>;
}

export const nodeFiles: Files = {
  open: openFile,
  async list(folder) {
    try {
      return await readdir(folder);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return [];
      throw error;
    }
  },
  async createFolder(folder) {
    await makeFolder(folder);
  },
  syncFolder,
  remove: (path) => rm(path, { force: true }),
};

/** The code of a system error: `ENOSPC`, `EROFS`, … */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

async function openFile(path: string, flags: string): Promise<File> {
  const handle = await open(path, flags, 0o600);
  return {
    size: async () => (await handle.stat()).size,
    async read(buffer, position) {
      let done = 0;
      while (done < buffer.length) {
        const { bytesRead } = await handle.read(buffer, done, buffer.length - done, position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return done;
    },
    async write(buffer, position) {
      // A disk that fills up takes a part first and says ENOSPC only at the next try.
      let done = 0;
      while (done < buffer.length) {
        done += (await handle.write(buffer, done, buffer.length - done, position + done)).bytesWritten;
      }
    },
    datasync: () => handle.datasync(),
    close: () => handle.close(),
  };
}
