import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startWith } from "../faults/agents.ts";
import { type AgentRig, startAgent, startCloud } from "../support/rig.js";
import { getStatus } from "../support/status.js";
import { until } from "../support/until.js";

/** Once in each. */
const SAMPLE = '"sampledAt"';

const raised = (agent: AgentRig, code: string) =>
  until(
    `${code} is raised`,
    () => agent.lines.find((line) => line.event === "condition-raised" && line.code === code),
    {
      onTimeout: agent.output,
    },
  );

test("on a disk that cannot be written the agent starts all the same, and says so", async (t) => {
  const rig = await startCloud(t);
  const agent = await startWith(t, rig, { "state.directory": "/proc/cave-agent" });
  await raised(agent, "OUTBOX_IN_MEMORY");
  await agent.logged("online");
  await until("telemetry", () => rig.cloud.hub.telemetryCounts("cave-01").received > 2);
  const { conditions } = await getStatus(rig);
  assert.ok(conditions.some(({ code }) => code === "OUTBOX_IN_MEMORY"));
  assert.equal((await agent.stop()).code, 0);
});

test("samples that a damaged card has lost are told at the start", async (t) => {
  const rig = await startCloud(t);
  const nobody = { host: "127.0.0.1:1" };
  const first = await startAgent(t, rig, nobody);
  const folder = join(rig.folder, "cave-01.state", "outbox");
  const segment = await until("a segment", () => {
    const names = existsSync(folder) ? readdirSync(folder) : [];
    const name = names.find((each) => each.endsWith(".segment"));
    return name && join(folder, name);
  });
  const samples = () => readFileSync(segment, "latin1").split(SAMPLE).length - 1;
  await until("samples", () => samples() > 3);
  await first.stop("SIGKILL");
  const bytes = readFileSync(segment);
  const at = bytes.indexOf(SAMPLE);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(segment, bytes);
  const second = await startAgent(t, rig, nobody);
  const { cause } = await raised(second, "OUTBOX_DAMAGED");
  assert.match(cause ?? "", /^1 samples in .*segment cannot be read$/);
  assert.equal((await second.stop()).code, 0);
});
