import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runTool, startTool } from "#agent/fan/tool.js";
import { isFailure } from "../support/hardware/fan-contract.js";
import { temporaryDirectory } from "../support/pki.js";
import { ROOT } from "../support/rig.js";

test("what is not there is not installed, and named with its package", async (t) => {
  const path = await temporaryDirectory(t);
  await assert.rejects(
    runTool("gpioget", [], { path }),
    isFailure(/^gpioget is not installed$/, /apt install gpiod/),
  );
  const failed = isFailure(/^setpriv is not installed$/, /apt install util-linux/);
  failed(await startTool("gpioset", [], { path }).ended);
});

test("what may not be run is not called missing", async (t) => {
  const path = await temporaryDirectory(t);
  for (const tool of ["gpioget", "setpriv"]) writeFileSync(join(path, tool), "", { mode: 0o644 });
  await assert.rejects(runTool("gpioget", [], { path }), isFailure(/^gpioget cannot be started: .*EACCES/));
  const failed = isFailure(/^setpriv cannot be started: .*EACCES/, /let the agent's user run setpriv/);
  failed(await startTool("gpioset", [], { path }).ended);
});

test("a process that can open no more files says so, and lives on", (t) => {
  if (process.platform === "win32") return t.skip("there is no limit to set");
  const program = `
    import { openSync } from "node:fs";
    const { startTool } = await import("#agent/fan/tool.js");
    try { for (;;) openSync("/dev/null", "r"); } catch {}
    const { message, remedy } = await startTool("gpioset", [], {}).ended;
    process._rawDebug(message + "\\n" + remedy);`;
  const run = 'ulimit -n 200; exec "$0" --input-type=module --eval "$1" 2>&1';
  const output = execFileSync("sh", ["-c", run, process.execPath, program], { cwd: ROOT, encoding: "utf8" });
  assert.match(output, /^setpriv cannot be started: .*EMFILE\nlook which limit .*open files\n$/);
});
