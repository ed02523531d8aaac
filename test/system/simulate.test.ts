import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "../support/until.ts";
import { agentsOf, fleet, logOf, type Run, simulate, stateFolder } from "./simulation.ts";

test("an unattended run ends with a summary in which nothing is lost, and leaves nobody behind", async (t) => {
  const state = stateFolder(t);
  const run = simulate(t, state, "--caves", "3", "--for", "6s", "--json");
  assert.equal(await run.ended, 0, run.stderr());
  const summary = JSON.parse(run.stdout().trim().split("\n").at(-1) ?? "") as Record<string, number>;
  assert.equal(summary.caves, 3);
  assert.equal(summary.provisioned, 3);
  assert.equal(summary.connected, 3);
  assert.equal(summary.telemetryLost, 0);
  assert.ok((summary.telemetryAcknowledged ?? 0) >= 6, run.stdout());
  assert.ok((summary.methodsAnswered ?? 0) >= 3, run.stdout());
  const { seconds = 0, startSeconds = 0 } = summary;
  assert.ok(startSeconds > 0 && seconds - startSeconds >= 6, "its time begins when all are online");
  assert.deepEqual(agentsOf(state), []);
  assert.ok(!existsSync(join(state, "endpoints.json")), "a stopped cloud says that it is not there");

  const again = simulate(t, state, "--caves", "1", "--for", "5s", "--json");
  assert.equal(await again.ended, 0, `with the assignments that were kept: ${again.stderr()}`);
});

test("a second terminal drives the caves with no further configuration", async (t) => {
  const state = stateFolder(t);
  const run = simulate(t, state, "--caves", "2");
  await until("both caves online", () => run.stderr().includes("caves 2/2 online"), {
    onTimeout: run.stderr,
  });

  // A fan that has just switched is held for its minimum time: the wish is accepted, and executed soon.
  await until("the fan switched on", async () => {
    const invoke = fleet(t, state, "invoke", "cave-01", "SetFanState", "on");
    assert.equal(await invoke.ended, 0, invoke.stderr());
    return /Executed direct method: SetFanState/.test(invoke.stdout());
  });
  const refused = fleet(t, state, "invoke", "cave-01", "SetFanState", "failed");
  assert.equal(await refused.ended, 1);
  assert.match(refused.stdout(), /Invalid parameter/);
  assert.match(refused.stderr(), /SetFanState takes on, off, auto/);
  const set = fleet(t, state, "twin", "cave-02", "set", "targetTemperature=11");
  assert.equal(await set.ended, 0, set.stderr());
  assert.match(set.stdout(), /targetTemperature accepted/);
  const unset = fleet(t, state, "twin", "cave-02", "unset", "targetTemperature");
  assert.equal(await unset.ended, 0, unset.stderr());
  assert.match(unset.stdout(), /targetTemperature removed.*\n {2}in force: 12\n/);
  const watch = fleet(t, state, "watch", "--once");
  assert.equal(await watch.ended, 0, watch.stderr());
  assert.match(watch.stdout(), /cave-01 .*~.*on \(override\) +online/);
  const unknown = fleet(t, state, "invoke", "cave-77", "GetStatus");
  assert.equal(await unknown.ended, 1);
  assert.match(unknown.stderr(), /cave-77/);

  const from = performance.now();
  run.process.kill("SIGINT");
  assert.equal(await run.ended, 0, run.stderr());
  assert.ok(performance.now() - from < 3000);
  assert.doesNotMatch(run.stderr() + run.stdout(), /\n\s+at /, "no stack trace");
  assert.deepEqual(agentsOf(state), []);
});

test("a cave that ends by Restart is started again; one that dies stays dead, and what it said last counts", async (t) => {
  const state = stateFolder(t);
  const run = simulate(t, state, "--caves", "2", "--for", "10m", "--json");
  const online = (cave: string) => logOf(state, cave, "online").length;
  await until("both caves online", () => online("cave-01") > 0 && online("cave-02") > 0, {
    onTimeout: run.stderr,
  });
  const restart = fleet(t, state, "invoke", "cave-01", "Restart");
  assert.equal(await restart.ended, 0, restart.stderr());
  await until("it is online again", () => online("cave-01") > 1, { onTimeout: run.stderr });
  const loud = fleet(t, state, "invoke", "cave-02", "SetLogLevel", '{"level": "debug"}');
  assert.equal(await loud.ended, 0, loud.stderr());
  const answers = () => logOf(state, "cave-02", "method").filter(({ method }) => method === "GetStatus");
  // The answer to the first of two has arrived.
  await until("it has told of itself", () => answers().length >= 2, { seconds: 40, onTimeout: run.stderr });
  const [victim] = agentsOf(join(state, "caves", "cave-02"));
  process.kill(Number(victim), "SIGKILL");
  const death = "cave-02: ended by itself, killed by SIGKILL";
  await until("its death is told", () => run.stderr().includes(death), { onTimeout: run.stderr });
  run.process.kill("SIGINT");
  assert.equal(await run.ended, 1, run.stderr());
  const summary = JSON.parse(run.stdout().trim().split("\n").at(-1) ?? "") as {
    connected: number;
    telemetryAcknowledged: number;
    telemetryLost: number;
    failures: string[];
  };
  assert.equal(summary.failures[0], death);
  assert.equal(summary.failures.length, 1, run.stdout());
  assert.equal(summary.telemetryLost, 0);
  const lastWords = logOf(state, "cave-01", "stopped").map(({ outbox }) => outbox?.acknowledged ?? 0);
  assert.equal(lastWords.length, 2);
  const ofFirst = lastWords.reduce((sum, each) => sum + each, 0);
  assert.ok(
    summary.telemetryAcknowledged > ofFirst,
    `${summary.telemetryAcknowledged}, of cave-01 ${ofFirst}`,
  );
});

test("a cave that dies is told at once and at the end, and with --for alone too it is a failure", async (t) => {
  const state = stateFolder(t);
  const dies = async (run: Run) => {
    const told = () => run.stderr().split("cave-01: ended by itself, killed by SIGKILL\n").length - 1;
    const [victim] = await until("the agent", () => {
      const agents = agentsOf(state);
      return agents.length > 0 && agents;
    });
    process.kill(Number(victim), "SIGKILL");
    await until("its death is told", () => told() === 1, { onTimeout: run.stderr });
    return told;
  };
  const timed = simulate(t, state, "--caves", "1", "--for", "6s");
  const toldOfTimed = await dies(timed);
  assert.equal(await timed.ended, 1, timed.stderr());
  assert.equal(toldOfTimed(), 2, timed.stderr());

  const watched = simulate(t, state, "--caves", "1");
  const toldOfWatched = await dies(watched);
  watched.process.kill("SIGINT");
  assert.equal(await watched.ended, 0, "it ended as it was asked to");
  assert.equal(toldOfWatched(), 2, watched.stderr());
});

test("a second simulation on the same state folder is refused, and the first goes on", async (t) => {
  const state = stateFolder(t);
  const first = simulate(t, state, "--caves", "1");
  await until("the cave online", () => first.stderr().includes("caves 1/1 online"), {
    onTimeout: first.stderr,
  });
  const second = simulate(t, state, "--caves", "1", "--for", "5s", "--json");
  assert.equal(await second.ended, 78);
  assert.match(second.stderr(), /in use by pid \d+/);
  assert.equal(await fleet(t, state, "invoke", "cave-01", "GetStatus").ended, 0);
});
