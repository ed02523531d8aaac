import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const MEBIBYTE = 2 ** 20;
/** Milliseconds; the longest is the download of a kernel. */
const DEADLINE = 600_000;
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];
const exec = promisify(execFile);

/** Runs a program to its end. @returns its standard output. Rejects with what it said on standard error. */
export async function output(
  command: string,
  words: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<string> {
  const { cwd, env } = options;
  try {
    const { stdout } = await exec(command, words, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env },
      maxBuffer: 256 * MEBIBYTE,
      timeout: DEADLINE,
    });
    return stdout;
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    throw new Error(`${command} ${words.join(" ")}: ${said || String(error)}`, { cause: error });
  }
}

/** Like `output`, for bytes. */
export async function outputBytes(command: string, words: readonly string[]): Promise<Buffer> {
  const { stdout } = await exec(command, words, {
    encoding: "buffer",
    maxBuffer: 256 * MEBIBYTE,
    timeout: DEADLINE,
  });
  return stdout;
}

/** Where a program lies, if this machine has it. */
export function programFile(command: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...SYSTEM_FOLDERS];
  return folders.map((folder) => join(folder, command)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
