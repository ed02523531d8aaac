import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { startWith } from "./agents.ts";
import { fanOf, QUIET, readFanRecord, startFan } from "./fan-calls.ts";
import { openLedger } from "./ledger.ts";

const REST = 1500;

describe("fault 33: the agent ends", { concurrency: true }, () => {
  for (const [safeState, wish] of [
    ["off", "on"],
    ["on", "off"],
  ] as const) {
    it(`leaves the fan ${safeState} when it is stopped, if that is its safe state`, async (t) => {
      const { rig, agent, call } = await startFan(t, { "fan.safeState": safeState });
      assert.equal((await call(wish)).payload.fanState, wish);
      assert.equal(readFanRecord(rig).guard.on, wish === "on");
      assert.equal((await agent.stop()).code, 0);
      const { guard } = readFanRecord(rig);
      assert.equal(guard.on, safeState === "on");
      assert.ok(guard.age < 3000 && Math.min(...guard.switchAges) === guard.age, JSON.stringify(guard));
    });
  }

  it("leaves the fan where it is when it is stopped, if its safe state is hold", async (t) => {
    const { rig, agent, call } = await startFan(t, { "fan.safeState": "hold" });
    assert.equal((await call("on")).payload.fanState, "on");
    assert.equal((await agent.stop()).code, 0);
    assert.equal(readFanRecord(rig).guard.on, true);
  });

  it("starts again after kill -9 in the safe state, and lets it rest as long as the guard asks", async (t) => {
    const rig = await startCloud(t);
    const ledger = openLedger(rig);
    const changes = { ...QUIET, "fan.minimumOff": `${REST}ms` };
    const first = await startWith(t, rig, changes);
    await first.logged("online");
    const { status } = await fanOf(rig, first).call({ state: "on", minutes: 60 });
    assert.ok(status === 200 || status === 202);
    await until("the fan runs", () => fanOf(rig, first).switches().at(-1) === "on");
    await first.stop("SIGKILL");
    assert.equal(readFanRecord(rig).guard.on, true);

    const second = await startWith(t, rig, changes);
    const isOn = () => second.lines.find(({ event, fan }) => event === "fan" && fan === "on");
    const on = await until("the wish, which outlives the crash", isOn, { onTimeout: second.output });
    const off = await second.logged("fan");
    const starting = await second.logged("starting");
    assert.equal(off.fan, "off");
    assert.match(off.msg, /held: minimum-off/);
    const rested = Number(Date.parse(String(on.time))) - Number(Date.parse(String(starting.time)));
    assert.ok(rested >= REST - 50, `rested for ${rested} ms`);
    await second.logged("online");
    assert.equal((await second.stop()).code, 0);
    const outbox = (await second.logged("stopped")).outbox as Record<string, number>;
    assert.deepEqual([outbox.waiting, outbox.dropped], [0, 0]);
    ledger.assertSound();
    ledger.assertWhole(outbox.lastSequence ?? 0, 2);
  });
});
