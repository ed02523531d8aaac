import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { temporaryDirectory } from "../support/pki.ts";
import { ROOT } from "../support/rig.ts";

/** Opening a pipe that nobody writes to hangs in the kernel, as a transfer on a held bus does. */
const PROGRAM = `
import { open } from "node:fs/promises";
import { inKernel, leave, leaveWithin } from ${JSON.stringify(join(ROOT, "dist/lib/in-kernel.js"))};
process.on("SIGTERM", () => undefined);
if (process.argv[1]) inKernel(open(process.argv[1])).catch(() => undefined);
if (process.argv[3]) {
  leaveWithin(Number(process.argv[3]));
  setTimeout(() => process.kill(process.pid, "SIGKILL"), 1000);
}
await leave(Number(process.argv[2]));
`;

/** @param within of `leaveWithin`: then SIGKILL ends it if it has not left 1 s later. */
async function end(file: string, code: number, within = ""): Promise<{ code: unknown; signal: unknown }> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", PROGRAM, file, String(code), within], {
    stdio: "inherit",
  });
  const [exitCode, signal]: unknown[] = await once(child, "exit");
  return { code: exitCode, signal };
}

async function makePipe(t: TestContext): Promise<string | undefined> {
  const file = join(await temporaryDirectory(t), "pipe");
  const { status } = spawnSync("mkfifo", [file]);
  if (status === 0) return file;
  t.skip("mkfifo makes no pipe here");
}

it("leaves with its code when nothing hangs", async () => {
  assert.deepEqual(await end("", 70), { code: 70, signal: null });
  assert.deepEqual(await end("/dev/null", 0), { code: 0, signal: null });
});

it("leaves by a signal when a call hangs, which Node's own exit would wait for", async (t) => {
  const file = await makePipe(t);
  if (!file) return;
  assert.deepEqual(await end(file, 0), { code: null, signal: "SIGTERM" });
  assert.deepEqual(await end(file, 70), { code: null, signal: "SIGKILL" });
});

it("waits for it no longer than there was time for the end", async (t) => {
  const file = await makePipe(t);
  if (!file) return;
  assert.deepEqual(await end(file, 0, "0"), { code: null, signal: "SIGTERM" });
});
