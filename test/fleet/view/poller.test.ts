import assert from "node:assert/strict";
import { test } from "node:test";
import { FleetError } from "#fleet/errors.js";
import type { MethodAnswer, Service } from "#fleet/service/service.js";
import { createPoller } from "#fleet/view/poller.js";

const ANSWER: MethodAnswer = {
  status: 200,
  payload: {
    connection: { state: "online" },
    reading: { temperature: 12, humidity: 90, source: "simulated" },
    sensor: { state: "ok" },
    fan: { state: "off", reason: "in-band" },
    outbox: { taken: 1, acknowledged: 1, waiting: 0, dropped: 0 },
  },
};

/** A hub on which `slow` answers when it is told to. */
function hub(slow: string) {
  const calls: string[] = [];
  let release: (answer: MethodAnswer) => void = () => undefined;
  const late = new Promise<MethodAnswer>((resolve) => {
    release = resolve;
  });
  const service: Service = {
    hub: "test",
    invoke: (deviceId) => {
      calls.push(deviceId);
      return deviceId === slow ? late : Promise.resolve(ANSWER);
    },
    getTwin: () => Promise.reject(new Error("not asked for")),
    updateTwin: () => Promise.reject(new Error("not asked for")),
    devices: () => Promise.resolve([]),
    close: () => undefined,
  };
  return { service, calls, release: () => release(ANSWER) };
}

test("a cave that does not answer holds up no other, and is not asked twice at once", async () => {
  const { service, calls, release } = hub("cave-01");
  let time = 0;
  const poller = createPoller({ service, every: 1000, now: () => time });
  const first = poller.ask(["cave-01", "cave-02"]);
  await new Promise(setImmediate);
  assert.equal(poller.row("cave-01"), undefined);
  assert.equal(poller.row("cave-02")?.connection, "online");
  time = 1000;
  await poller.ask(["cave-01", "cave-02"]);
  assert.deepEqual(calls, ["cave-01", "cave-02", "cave-02"]);
  release();
  await first;
  assert.equal(poller.row("cave-01")?.connection, "online");
});

test("a cave is not asked before it is due", async () => {
  const { service, calls } = hub("none");
  let time = 0;
  const poller = createPoller({ service, every: 1000, now: () => time });
  await poller.ask(["cave-01"]);
  time = 999;
  await poller.ask(["cave-01"]);
  assert.equal(calls.length, 1);
});

test("a row older than 10 s says so", async () => {
  const { service } = hub("none");
  let time = 0;
  const poller = createPoller({ service, every: 1000, now: () => time });
  await poller.ask(["cave-01"]);
  time = 10_000;
  assert.equal(poller.row("cave-01")?.problem, "");
  time = 14_500;
  assert.equal(poller.row("cave-01")?.problem, "14 s old");
});

test("a hub that cannot be reached is told to whoever asks", async () => {
  const { service } = hub("none");
  const gone = new FleetError("nothing answers", { code: "ECONNREFUSED", remedy: "start it" });
  const poller = createPoller({ service: { ...service, invoke: () => Promise.reject(gone) }, every: 1000 });
  await assert.rejects(poller.ask(["cave-01"]), { code: "ECONNREFUSED" });
});
