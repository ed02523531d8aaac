import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type AgentRig, startCloud } from "../support/rig.ts";
import { getStatus } from "../support/status.ts";
import { until } from "../support/until.ts";
import { startWith } from "./agents.ts";
import { BRISK, moreSamples, ON, stateOf, statusOf, toldOfMemory } from "./disk-agent.ts";
import { assertSoundEnd } from "./ending.ts";
import { fanOf } from "./fan-calls.ts";
import { mountFreezable } from "./frozen-disk.ts";
import { openLedger } from "./ledger.ts";
import { play } from "./scenario.ts";

/** As little as `run` promises: 3 s, on a machine that has much else to do. */
const SECONDS = 15;

/** Whether one of its threads is in that state: proc_pid_stat(5). */
function hasThread({ process: { pid } }: AgentRig, state: string): boolean {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).some((id) => statOf(join(tasks, id)).includes(`) ${state} `));
}

/** The whole process cannot end while the kernel holds one of its threads; the one that runs the agent has gone. */
function hasLeft({ process: { pid } }: AgentRig): boolean {
  const stat = statOf(`/proc/${pid}`);
  return stat === "" || stat.includes(") Z ");
}

/** Empty for one that has ended. */
function statOf(task: string): string {
  try {
    return readFileSync(join(task, "stat"), "utf8");
  } catch {
    return "";
  }
}

/** Waits until it has ended, by itself or by the signal that it sends itself where a call hangs; both are clean. */
async function ended({ process: child, output }: AgentRig): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  assert.ok(child.exitCode === 0 || child.signalCode === "SIGTERM", output());
}

async function stopWhileFrozen(agent: AgentRig): Promise<void> {
  agent.process.kill("SIGTERM");
  await agent.logged("stopping", { seconds: SECONDS });
  await until("its main thread has left", () => hasLeft(agent), {
    seconds: SECONDS,
    onTimeout: agent.output,
  });
}

/** An agent boots on a disk that hangs for all who write, is stopped on it, and outlives it. */
await play(async (t) => {
  const rig = await startCloud(t);
  const ledger = openLedger(rig);
  const disk = mountFreezable(t, rig);
  const start = () => startWith(t, rig, BRISK);
  const first = await start();
  await first.logged("online");
  await moreSamples(rig, first);
  assert.equal((await first.stop()).code, 0, first.output());

  const early = await disk.whileFrozen(async () => {
    const agent = await start();
    await until("it writes there", () => hasThread(agent, "D"), { onTimeout: agent.output });
    await stopWhileFrozen(agent);
    return agent;
  });
  await ended(early);

  const agent = await disk.whileFrozen(async () => {
    const agent = await start();
    const { cause } = await agent.logged("state-unlocked");
    assert.match(cause ?? "", /no answer within 5 s: waited for the disk of/);
    assert.match(
      (await agent.logged("status-socket")).cause ?? "",
      /cannot be used: .* still owes an answer/,
    );
    await agent.logged("online");
    assert.equal((await fanOf(rig, agent).call(ON)).status, 200);
    const before = rig.cloud.hub.telemetryCounts("cave-01").received;
    await until("telemetry", () => rig.cloud.hub.telemetryCounts("cave-01").received > before + 1);
    const codes = new Set<string>((await getStatus(rig)).conditions.map(({ code }) => code));
    for (const code of ["OUTBOX_IN_MEMORY", "STATUS_SOCKET_UNUSABLE"]) assert.ok(codes.has(code), code);
    return agent;
  });
  await toldOfMemory(agent, "condition-cleared");
  const isAlone = async () => {
    const { conditions } = await getStatus(rig);
    return !conditions.some(({ code }) => /^(STATE|STATUS|OUTBOX)_/.test(code));
  };
  await until("all of it is kept", isAlone, { seconds: 150, onTimeout: agent.output });
  assert.equal((await statusOf(rig)).fan.state, "on");

  await disk.whileFrozen(async () => {
    await stopWhileFrozen(agent);
    assert.deepEqual(rig.cloud.hub.connectedDevices(), [], "it has left the hub, and so its fan before");
  });
  await ended(agent);
  assert.ok(existsSync(join(stateOf(rig), "status.sock")), "nobody has waited to remove it");

  const last = await start();
  await last.logged("online");
  await moreSamples(rig, last);
  await assertSoundEnd(rig, last, ledger, 4);
});
