import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { askAgent } from "#agent/health/ask-agent.js";
import { whyNoMounts } from "../faults/namespace.ts";
import { ROOT } from "../support/agent-process.ts";
import { temporaryDirectory } from "../support/pki.ts";

const execute = promisify(execFile);

/** `cave-agent …` where `state` is a disk that is read-only. */
async function runReadOnly(t: TestContext, state: string, words: string[]) {
  const reason = await whyNoMounts();
  if (reason) return t.skip(reason);
  const script = 'mount -t tmpfs -o ro tmpfs "$1" && shift && exec "$@"';
  const agent = [process.execPath, join(ROOT, "bin/cave-agent.js"), ...words];
  return execute("unshare", ["-rm", "sh", "-c", script, "sh", state, ...agent]).catch(
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

test("on a read-only disk an agent cannot show itself: nobody is told that none runs", async (t) => {
  const folder = await temporaryDirectory(t);
  const state = join(folder, "state");
  mkdirSync(state);
  const file = join(folder, "config.toml");
  const unsure = /^whether an agent runs cannot be told: it could show itself neither in .*EROFS/;
  writeFileSync(file, '[state]\ndirectory = "state"\n[fan]\nline = "GPIO17"\n');
  for (const command of [["fan", "on"], ["fan", "status"], ["read"]]) {
    const ended = await runReadOnly(t, state, [...command, "--config", file]);
    if (!ended) return;
    assert.match(ended.stderr, unsure, command.join(" "));
  }
  // For a service manager that has found it dead it is certain.
  const safe = await runReadOnly(t, state, ["fan", "safe", "--config", file]);
  assert.doesNotMatch(safe?.stderr ?? "", unsure);
  writeFileSync(file, '[state]\ndirectory = "state"\n[status]\nsocket = "status.sock"\n');
  const elsewhere = await runReadOnly(t, state, ["read", "--config", file]);
  assert.doesNotMatch(elsewhere?.stderr ?? "", unsure, "its socket would be on a disk that can be written");
});

test("a state directory that is a file, or is not there, is nobody's", async (t) => {
  const folder = await temporaryDirectory(t);
  const stateDirectory = join(folder, "state");
  const ask = () => askAgent({ socket: join(stateDirectory, "status.sock"), stateDirectory });
  await assert.rejects(ask(), { code: "AGENT_NOT_RUNNING" });
  writeFileSync(stateDirectory, "");
  await assert.rejects(ask(), { code: "AGENT_NOT_RUNNING" });
});
