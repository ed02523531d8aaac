import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runTool, startTool } from "#agent/fan/tool.js";
import { defer } from "../support/cleanup.js";
import { isAlive } from "../support/hardware/fake-gpiod.js";
import { isFailure } from "../support/hardware/fan-contract.js";
import { temporaryDirectory } from "../support/pki.js";
import { ROOT } from "../support/rig.js";
import { until } from "../support/until.js";

const withoutSetpriv = process.platform === "linux" ? false : "only Linux has setpriv";

test("what is not there is not installed, and named with its package", async (t) => {
  const path = await temporaryDirectory(t);
  await assert.rejects(
    runTool("gpioget", [], { path }),
    isFailure(/^gpioget is not installed$/, /apt install gpiod/),
  );
  const failed = isFailure(/^setpriv is not installed$/, /apt install util-linux/);
  failed(await startTool("gpioset", [], { path }).ended);
});

test("a tool that runs for long is missed by its name too", { skip: withoutSetpriv }, async () => {
  const failed = isFailure(/^gpio-nonesuch is not installed$/, /apt install gpiod/);
  failed(await startTool("gpio-nonesuch", [], {}).ended);
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

test("a tool is not started any more for a process that has died meanwhile", {
  skip: withoutSetpriv,
}, async (t) => {
  const folder = await temporaryDirectory(t);
  const setpriv = execFileSync("sh", ["-c", "command -v setpriv"], { encoding: "utf8" }).trim();
  const wait = `echo $$ > ${folder}/pid; until [ -e ${folder}/dead ]; do sleep 0.01; done`;
  writeFileSync(join(folder, "setpriv"), `#!/bin/sh\n${wait}\nexec ${setpriv} "$@"\n`, { mode: 0o755 });
  const program = `
    import { existsSync } from "node:fs";
    const { startTool } = await import("#agent/fan/tool.js");
    startTool("touch", ["${folder}/started"], { path: "${folder}:" + process.env.PATH });
    setInterval(() => existsSync("${folder}/pid") && process.kill(process.pid, "SIGKILL"), 10);`;
  const { signal } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], { cwd: ROOT });
  assert.equal(signal, "SIGKILL");
  const orphan = Number(readFileSync(join(folder, "pid"), "utf8"));
  assert.ok(isAlive(orphan));
  writeFileSync(join(folder, "dead"), "");
  await until("it has ended", () => !isAlive(orphan));
  assert.equal(existsSync(join(folder, "started")), false);
});

test("a tool that does not heed SIGTERM is killed after a second", { skip: withoutSetpriv }, async (t) => {
  const words: string[] = [];
  const deaf = `trap "" TERM; echo $$; while :; do sleep 0.05; done`;
  const tool = startTool("sh", ["-c", deaf], {}, (word) => words.push(word));
  await until("it is deaf", () => words.length > 0);
  const pid = Number(words[0]);
  defer(t, () => isAlive(pid) && process.kill(pid, "SIGKILL"));
  let hasEnded = false;
  void tool.end().then(() => {
    hasEnded = true;
  });
  await until("it has ended", () => hasEnded);
  assert.match((await tool.ended).message, /SIGKILL/);
  assert.equal(isAlive(pid), false);
});

test("a tool has a session of its own, which Ctrl-C in our terminal does not reach", {
  skip: withoutSetpriv,
}, async () => {
  const words: string[] = [];
  const tell = "read -r pid name state ppid group session rest < /proc/$$/stat; echo $pid $session";
  await startTool("sh", ["-c", tell], {}, (word) => words.push(word)).ended;
  const [pid, session] = words.join().split(" ");
  assert.match(pid ?? "", /^\d+$/);
  assert.equal(session, pid);
});
