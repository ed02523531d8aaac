import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cave } from "#fleet/simulate/cave.js";
import { summarize } from "#fleet/simulate/summary.js";

const TIMING = { startSeconds: 5, seconds: 30, firstTelemetrySeconds: 3, memoryPerCaveMiB: 80 };

/** A cave that did everything right and sent ten messages, but for what `change` says. */
function cave(deviceId: string, change: Partial<Cave> = {}): [string, Cave] {
  return [
    deviceId,
    {
      deviceId,
      pid: 1,
      provisioned: () => true,
      online: () => false,
      ended: () => ({ exitCode: 0, signal: null, killed: false, unexpected: false, lastError: "" }),
      finalCounts: () => ({ taken: 10, acknowledged: 10, waiting: 0, dropped: 0 }),
      lastCounts: change.finalCounts ?? (() => ({ taken: 10, acknowledged: 10, waiting: 0, dropped: 0 })),
      heard: () => undefined,
      stop: () => Promise.resolve(),
      ...change,
    },
  ];
}

/** Caves that were all online in time, but for those in `late`. */
const of = (caves: [string, Cave][], late: string[] = []) => ({
  started: new Map(caves),
  late: new Set(late),
  allowance: 60,
});

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
  const summary = summarize(IDS, of([cave("cave-01"), cave("cave-02")]), HUB, TIMING);
  assert.deepEqual(summary, {
    caves: 2,
    provisioned: 2,
    connected: 2,
    telemetryAcknowledged: 20,
    telemetryWaiting: 0,
    telemetryLost: 0,
    methodsAnswered: 5,
    ...TIMING,
    failures: [],
  });
});

test("what the hub does not have is lost, whatever the agent says; what it has twice makes up for nothing", () => {
  const unique = (id: string) => (id === "cave-01" ? 7 : 12);
  const summary = summarize(IDS, of([cave("cave-01"), cave("cave-02")]), { ...HUB, unique }, TIMING);
  assert.equal(summary.telemetryLost, 3);
  assert.deepEqual(summary.failures, ["cave-01: 3 of its messages are not at the hub"]);
});

test("what waits in the outbox is not lost, and no failure", () => {
  const finalCounts = () => ({ taken: 12, acknowledged: 9, waiting: 2, dropped: 1 });
  const unique = (id: string) => (id === "cave-01" ? 9 : 10);
  const caves = of([cave("cave-01", { finalCounts }), cave("cave-02")]);
  const summary = summarize(IDS, caves, { ...HUB, unique }, TIMING);
  assert.equal(summary.telemetryWaiting, 2);
  assert.equal(summary.telemetryLost, 1);
  assert.deepEqual(summary.failures, ["cave-01: 1 of its messages is not at the hub"]);
});

test("a cave that died counts with what it said last, and nothing of it is guessed to be lost", () => {
  const died = {
    ended: () => ({
      exitCode: null,
      signal: "SIGKILL" as const,
      killed: false,
      unexpected: true,
      lastError: "",
    }),
    finalCounts: () => undefined,
    lastCounts: () => ({ taken: 9, acknowledged: 6, waiting: 3, dropped: 0 }),
  };
  const unique = (id: string) => (id === "cave-01" ? 5 : 10);
  const caves = of([cave("cave-01", died), cave("cave-02")]);
  const summary = summarize(IDS, caves, { ...HUB, unique }, TIMING);
  const { telemetryAcknowledged, telemetryWaiting, telemetryLost, failures } = summary;
  assert.deepEqual([telemetryAcknowledged, telemetryWaiting, telemetryLost], [16, 3, 0]);
  assert.deepEqual(failures, ["cave-01: ended by itself, killed by SIGKILL"]);
});

test("each way to fail is named", () => {
  const end = { exitCode: 0, signal: null, killed: false, unexpected: false, lastError: "" };
  const failed = (change: Partial<Cave>, hub = HUB) =>
    summarize(IDS, of([cave("cave-01", change), cave("cave-02")]), hub, TIMING).failures;
  assert.deepEqual(failed({ provisioned: () => false }), ["cave-01: was not provisioned"]);
  const crash = { ...end, exitCode: 78, unexpected: true, lastError: "no key" };
  assert.deepEqual(
    failed({ provisioned: () => false, ended: () => crash, finalCounts: () => undefined }),
    ["cave-01: ended by itself, with exit code 78: no key"],
    "one line is enough for one that never got in",
  );
  assert.deepEqual(failed({ provisioned: () => false, finalCounts: () => undefined }), [
    "cave-01: was not provisioned",
  ]);
  assert.deepEqual(
    summarize(IDS, of([cave("cave-01"), cave("cave-02")], ["cave-01"]), HUB, TIMING).failures,
    ["cave-01: was not online within the first 60 s"],
  );
  assert.deepEqual(failed({ finalCounts: () => undefined }), ["cave-01: did not say what it had sent"]);
  assert.deepEqual(
    failed({ ended: () => ({ ...end, exitCode: null, signal: "SIGKILL" as const, killed: true }) }),
    ["cave-01: did not stop in time and was killed"],
  );
  assert.deepEqual(
    failed({ ended: () => ({ ...end, exitCode: 70, unexpected: true, lastError: "no sensor" }) }),
    ["cave-01: ended by itself, with exit code 70: no sensor"],
  );
  assert.deepEqual(failed({ ended: () => ({ ...end, exitCode: 70 }) }), [
    "cave-01: stopped, but with exit code 70",
  ]);
  assert.deepEqual(failed({}, { ...HUB, connected: ["cave-02"] }), ["cave-01: was not connected at the end"]);
  assert.deepEqual(failed({}, { ...HUB, answered: new Map([["cave-02", 1]]) }), [
    "cave-01: never answered GetStatus",
  ]);
  assert.deepEqual(summarize(IDS, of([cave("cave-02")]), HUB, TIMING).failures, [
    "cave-01: was not started, the run was over too soon",
  ]);
});
