import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { until } from "../support/until.ts";
import { agentsOf, FLEET, logOf, simulate, start, stateFolder } from "./simulation.ts";

test("Ctrl-C typed under npm start ends all of it, exit 0", async (t) => {
  if (spawnSync("script", ["--version"]).status !== 0) return t.skip("needs script(1) for a terminal");
  const state = stateFolder(t);
  const command = `npm start -- --caves 1 --state ${state} --certs ${join(state, "certs")}`;
  const run = start(t, "script", ["--quiet", "--flush", "--return", "--command", command, "/dev/null"]);
  await until("the live view", () => /cave-01 .*online/.test(run.stdout()), {
    seconds: 60,
    onTimeout: run.stdout,
  });
  const from = performance.now();
  run.process.stdin?.write("\u0003");
  assert.equal(await run.ended, 0, run.stdout());
  assert.ok(performance.now() - from < 3000);
  assert.deepEqual(agentsOf(state), []);
});

/** Runs `command` on a terminal that is closed, as by closing its window, once a cave is online; to its exit status. */
async function onTerminalThatCloses(t: TestContext, state: string, command: string): Promise<string> {
  const statusFile = join(state, "status");
  // A shell that outlives its terminal, to tell how the command has ended.
  const shell = `trap : HUP; ${command}; echo $? > ${statusFile}`;
  const run = start(t, "script", ["--quiet", "--flush", "--return", "--command", shell, "/dev/null"]);
  await until("the live view", () => /cave-01 .*online/.test(run.stdout()), {
    seconds: 60,
    onTimeout: run.stdout,
  });
  run.process.kill("SIGKILL");
  await until("no agent left", () => agentsOf(state).length === 0);
  return await until("its end", () => existsSync(statusFile) && readFileSync(statusFile, "utf8").trim());
}

for (const [what, stderr] of [
  ["all three streams", undefined],
  ["standard error in a file", "stderr"],
] as const) {
  test(`a terminal that is closed ends all of it as Ctrl-C does: ${what}`, async (t) => {
    if (spawnSync("script", ["--version"]).status !== 0) return t.skip("needs script(1) for a terminal");
    const state = stateFolder(t);
    const words = `simulate --caves 1 --state ${state} --certs ${join(state, "certs")}`;
    const file = stderr && join(state, "caves", stderr);
    const command = `${process.execPath} ${FLEET} ${words}${file ? ` 2>${file}` : ""}`;
    mkdirSync(join(state, "caves"));
    assert.equal(await onTerminalThatCloses(t, state, command), "0", file && readFileSync(file, "utf8"));
    assertCleanEnd(state);
  });
}

test("a terminal that is closed under npm start ends all of it, though npm dies of it", async (t) => {
  if (spawnSync("script", ["--version"]).status !== 0) return t.skip("needs script(1) for a terminal");
  const state = stateFolder(t);
  const command = `npm start -- --caves 1 --state ${state} --certs ${join(state, "certs")}`;
  await onTerminalThatCloses(t, state, command);
  await until("the state folder is given back", () => !existsSync(join(state, "lock")));
  assertCleanEnd(state);
});

test("whoever stops to read the live view ends all of it as Ctrl-C does", async (t) => {
  const state = stateFolder(t);
  const run = simulate(t, state, "--caves", "1");
  await until("the live view", () => run.stdout().includes("cave-01"), { onTimeout: run.stderr });
  run.process.stdout?.destroy();
  assert.equal(await run.ended, 0, run.stderr());
  assertCleanEnd(state);
});

function assertCleanEnd(state: string): void {
  assert.equal(logOf(state, "cave-01", "stopped").length, 1, "the cave has stopped, and was heard");
  assert.ok(!existsSync(join(state, "lock")));
  assert.ok(!existsSync(join(state, "endpoints.json")));
}

test("Ctrl-C at an unattended run reaches no agent by itself: what was healthy is no failure", async (t) => {
  if (spawnSync("script", ["--version"]).status !== 0) return t.skip("needs script(1) for a terminal");
  const state = stateFolder(t);
  const words = ["simulate", "--json", "--caves", "3", "--state", state, "--certs", join(state, "certs")];
  const command = [process.execPath, FLEET, ...words].join(" ");
  const run = start(t, "script", ["--quiet", "--flush", "--return", "--command", command, "/dev/null"]);
  await until("all caves online", () => run.stdout().includes("caves 3/3 online"), { onTimeout: run.stdout });
  run.process.stdin?.write("\u0003");
  await run.ended;
  const summary = JSON.parse(run.stdout().trim().split("\n").at(-1) ?? "") as { connected: number };
  assert.equal(summary.connected, 3);
  // Whichever signal is quicker: they are stopped from here, after they were counted.
  const reasons = ["cave-01", "cave-02", "cave-03"].flatMap((cave) => logOf(state, cave, "stopping"));
  assert.deepEqual(
    reasons.map(({ reason }) => reason),
    ["SIGTERM", "SIGTERM", "SIGTERM"],
  );
});

test("a parent that is killed leaves no orphan", async (t) => {
  const state = stateFolder(t);
  const run = simulate(t, state, "--caves", "2");
  await until("both caves online", () => run.stderr().includes("caves 2/2 online"), {
    onTimeout: run.stderr,
  });
  assert.equal(agentsOf(state).length, 2);
  run.process.kill("SIGKILL");
  await until("no agent left", () => agentsOf(state).length === 0, { seconds: 5 });
});
