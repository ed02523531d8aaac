import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cave } from "#fleet/simulate/cave.js";
import { summarize } from "#fleet/simulate/summary.js";

const TIMING = { seconds: 30, firstTelemetrySeconds: 3, memoryPerCaveMiB: 80 };

/** A cave that did everything right and sent ten messages, but for what `change` says. */
function cave(deviceId: string, change: Partial<Cave> = {}): [string, Cave] {
  return [
    deviceId,
    {
      deviceId,
      pid: 1,
      provisioned: () => true,
      online: () => false,
      ended: () => ({ exitCode: 0, killed: false, unexpected: false, lastError: "" }),
      finalCounts: () => ({ taken: 10, acknowledged: 10, waiting: 0, dropped: 0 }),
      stop: () => Promise.resolve(),
      ...change,
    },
  ];
}

const IDS = ["cave-01", "cave-02"];
const HUB = {
  connected: IDS,
  unique: () => 10,
  answered: new Map([
    ["cave-01", 2],
    ["cave-02", 3],
  ]),
};

test("a run in which all went well has no failures", () => {
  const summary = summarize(IDS, new Map([cave("cave-01"), cave("cave-02")]), HUB, TIMING);
  assert.deepEqual(summary, {
    caves: 2,
    provisioned: 2,
    connected: 2,
    telemetryAcknowledged: 20,
    telemetryLost: 0,
    methodsAnswered: 5,
    ...TIMING,
    failures: [],
  });
});

test("what the hub does not have is lost, whatever the agent says; what it has twice makes up for nothing", () => {
  const unique = (id: string) => (id === "cave-01" ? 7 : 12);
  const summary = summarize(IDS, new Map([cave("cave-01"), cave("cave-02")]), { ...HUB, unique }, TIMING);
  assert.equal(summary.telemetryLost, 3);
  assert.deepEqual(summary.failures, ["cave-01 3 of its messages are not at the hub"]);
});

test("each way to fail is named", () => {
  const end = { exitCode: 0, killed: false, unexpected: false, lastError: "" };
  const failed = (change: Partial<Cave>, hub = HUB) =>
    summarize(IDS, new Map([cave("cave-01", change), cave("cave-02")]), hub, TIMING).failures;
  assert.deepEqual(failed({ provisioned: () => false }), ["cave-01 was not provisioned"]);
  assert.deepEqual(failed({ finalCounts: () => undefined }), ["cave-01 did not say what it had sent"]);
  assert.deepEqual(failed({ ended: () => ({ ...end, exitCode: null, killed: true }) }), [
    "cave-01 did not stop in time and was killed",
  ]);
  assert.deepEqual(
    failed({ ended: () => ({ ...end, exitCode: 70, unexpected: true, lastError: "no sensor" }) }),
    ["cave-01 ended by itself, with exit code 70: no sensor"],
  );
  assert.deepEqual(failed({ ended: () => ({ ...end, exitCode: 70 }) }), [
    "cave-01 stopped, but with exit code 70",
  ]);
  assert.deepEqual(failed({}, { ...HUB, connected: ["cave-02"] }), ["cave-01 was not connected at the end"]);
  assert.deepEqual(failed({}, { ...HUB, answered: new Map([["cave-02", 1]]) }), [
    "cave-01 never answered GetStatus",
  ]);
  assert.deepEqual(summarize(IDS, new Map([cave("cave-02")]), HUB, TIMING).failures, [
    "cave-01 was not started: the run was over too soon",
  ]);
});
