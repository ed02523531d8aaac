import { open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codeOf, FleetError, messageOf } from "../errors.ts";
import { makeFolder } from "../folder.ts";
import type { Pair } from "./authority.ts";

/** Where a certificate and its key lie. */
export interface PairFiles {
  certificateFile: string;
  keyFile: string;
}

export function rootFiles(folder: string): PairFiles {
  return { certificateFile: join(folder, "root.cert.pem"), keyFile: join(folder, "root.key.pem") };
}

export function deviceFiles(folder: string, deviceId: string): PairFiles {
  const base = join(folder, "devices", deviceId);
  return { certificateFile: `${base}.cert.pem`, keyFile: `${base}.key.pem` };
}

/**
 * Throws if one of the two is there already, so that nothing is made in vain.
 * @throws FleetError FILE_EXISTS
 */
export async function refuseExisting(files: PairFiles): Promise<void> {
  for (const file of [files.certificateFile, files.keyFile]) {
    if (await exists(file)) throw existsError(file);
  }
}

/**
 * Writes both files or neither; the key with mode 0600 from its first moment. Each is created exclusively: a file that
 * is there is never written to. With `force`, what was there is moved aside first and comes back if anything fails.
 * @param options.option the option that named the folder, for messages
 * @throws FleetError FILE_EXISTS, FILE_UNWRITABLE, FOLDER_UNUSABLE, USAGE where a file stands in place of a folder
 */
export async function writePair(
  files: PairFiles,
  pair: Pair,
  { force, option = "--out" }: { force: boolean; option?: string },
): Promise<void> {
  const undo: (() => Promise<void>)[] = [];
  const aside: string[] = [];
  try {
    for (const file of [files.keyFile, files.certificateFile]) {
      await makeFolder(dirname(file), option);
      if (!force || !(await exists(file))) continue;
      const kept = `${file}.old-${process.pid}`;
      await rename(file, kept);
      aside.push(kept);
      undo.push(() => rename(kept, file));
    }
    await create(files.keyFile, pair.keyPem, 0o600, undo);
    await create(files.certificateFile, pair.certificatePem, 0o644, undo);
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error instanceof FleetError ? error : unwritable(files, option, error);
  }
  for (const kept of aside) await rm(kept);
}

async function create(
  file: string,
  text: string,
  mode: number,
  undo: (() => Promise<void>)[],
): Promise<void> {
  const handle = await open(file, "wx", mode).catch((error: unknown) => {
    throw codeOf(error) === "EEXIST" ? existsError(file) : error;
  });
  undo.push(() => rm(file, { force: true }));
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function exists(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  );
}

function existsError(file: string): FleetError {
  const remedy = "keep it, choose another --out, or replace it with --force";
  return new FleetError(`${file} exists already`, { code: "FILE_EXISTS", remedy });
}

function unwritable(files: PairFiles, option: string, cause: unknown): FleetError {
  return new FleetError(`cannot write ${files.certificateFile} and its key: ${messageOf(cause)}`, {
    code: "FILE_UNWRITABLE",
    remedy: `name a folder that you may write to with ${option}`,
    cause,
  });
}
