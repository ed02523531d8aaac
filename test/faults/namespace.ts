import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** Whether this machine lets us mount what we like; the reason if not. */
export async function whyNoMounts(options: { root?: boolean } = {}): Promise<string | undefined> {
  if (process.platform !== "linux") return "mount namespaces are a thing of Linux";
  if (options.root) return process.getuid?.() === 0 ? undefined : "needs root, for a loop device";
  const { code, errors } = await run(["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
  return code === 0 ? undefined : `no mounts in a user namespace here: ${errors.trim()}`;
}

/**
 * Runs `<name>.child.js`, built beside the tests, in a mount namespace of its own: what it mounts goes when it ends.
 * Rejects with what it said, if its exit code is not 0.
 */
export async function runChild(
  name: string,
  words: string[],
  options: { root?: boolean } = {},
): Promise<void> {
  const file = fileURLToPath(new URL(`./${name}.child.js`, import.meta.url));
  const node = [process.execPath, "--enable-source-maps", file, ...words];
  const { code, errors } = await run(["unshare", options.root ? "-m" : "-rm", ...node]);
  if (code !== 0) throw new Error(`${name} ended with ${code}:\n${errors}`);
}

async function run([command = "", ...words]: string[]): Promise<{ code: number | null; errors: string }> {
  const child = spawn(command, words, { stdio: ["ignore", "ignore", "pipe"] });
  const [errors, [code]] = await Promise.all([
    text(child.stderr),
    once(child, "exit") as Promise<[number | null]>,
  ]).catch((error: unknown): [string, [number]] => [String(error), [-1]]);
  return { code, errors };
}
