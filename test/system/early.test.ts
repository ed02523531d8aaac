import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { defer } from "../support/cleanup.ts";
import { ROOT, startCloud, writeAgentConfig } from "../support/rig.ts";

const AGENT = join(ROOT, "bin/cave-agent.js");

/** Has the process that is to load the agent's modules get a SIGHUP when it begins with them. */
const HOOKS = `export async function load(url, context, next) {
  if (url.endsWith("/dist/main.js")) process.kill(process.pid, "SIGHUP");
  return next(url, context);
}`;
const asUrl = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
const PRELOAD = asUrl(`import { register } from "node:module"; register(${JSON.stringify(asUrl(HOOKS))});`);

test("a reload that comes while the agent's modules load does not end it", async () => {
  const child = fork(AGENT, ["run", "--config", "absent.toml"], {
    stdio: "ignore",
    execArgv: ["--import", PRELOAD],
  });
  assert.deepEqual(await once(child, "exit"), [78, null]);
});

test("an agent whose parent has gone before it was loaded stops", async (t) => {
  const config = await writeAgentConfig(await startCloud(t));
  const child = fork(AGENT, ["run", "--config", config], { stdio: "ignore" });
  defer(t, () => child.kill("SIGKILL"));
  child.disconnect();
  assert.deepEqual(await once(child, "exit", { signal: AbortSignal.timeout(60_000) }), [0, null]);
});
