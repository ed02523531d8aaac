import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { IS_FULL } from "./full.ts";
import { startRogueHub } from "./rogue-hub.ts";

const ROUNDS = IS_FULL ? 200 : 10;
const DEPTH = 10_000;
const LARGE = "x".repeat(128 * 1024 - 64);

/** As deep as a twin may be (Azure's limit); deeper ones are refused before they reach a device. */
const TEN_DEEP = `${'{"a":'.repeat(9)}1${"}".repeat(9)}`;

/** JSON texts that are no request; each as large or as deep as a hub lets through, and more. */
const PAYLOADS: Record<string, string> = {
  "a text of 128 KB": JSON.stringify(LARGE),
  "an object of 128 KB": `{"state":"on","note":"${LARGE}"}`,
  "a key of 128 KB": `{"${LARGE}":1}`,
  "many quotes": JSON.stringify('"'.repeat(60_000)),
  "lists 10,000 deep": `${"[".repeat(DEPTH)}${"]".repeat(DEPTH)}`,
  "objects 10,000 deep": `${'{"state":'.repeat(DEPTH)}1${"}".repeat(DEPTH)}`,
  "no JSON": "on",
  "half a JSON text": '{"state":"on"',
  "bytes that are no UTF-8": '"\\ud800',
  "a number beyond all": "1e309",
  nothing: "null",
};

describe("fault 35: hostile payloads", { concurrency: true }, () => {
  it(`refuses each with 400, acts on none, and does not grow, in ${ROUNDS} rounds`, async (t) => {
    const rig = await startCloud(t);
    const { agent, call, patch, reported, telemetry } = await startRogueHub(t, rig);
    const refuseAll = async () => {
      const calls = ["SetFanState", "SetLogLevel"].flatMap((method) =>
        Object.entries(PAYLOADS).map(async ([what, payload]) => {
          const { status, payload: answer } = await call(method, payload);
          assert.equal(status, 400, `${method}: ${what}`);
          assert.ok(JSON.stringify(answer).length < 500, `${method}: ${what}: ${JSON.stringify(answer)}`);
        }),
      );
      await Promise.all(calls);
      const unknown = await call("OpenTheDoor", PAYLOADS["an object of 128 KB"] ?? "");
      assert.equal(unknown.status, 404);
    };
    const patchAll = (version: number) =>
      patch(
        `{"$version":${version},"targetTemperature":${TEN_DEEP},"fanMode":"${LARGE}","${LARGE}":1,"humidityBand":7}`,
      );
    for (let round = 0; round < 3; round += 1) await refuseAll();
    patchAll(2);
    const before = residentKilobytes(agent.process.pid);
    for (let round = 0; round < ROUNDS; round += 1) {
      await refuseAll();
      patchAll(round + 3);
    }
    await until("the good key beside the bad ones", () =>
      reported.some(({ humidityBand }) => (humidityBand as { value?: number } | undefined)?.value === 7),
    );
    const grown = residentKilobytes(agent.process.pid) - before;
    assert.ok(grown < 64 * 1024, `grew by ${grown} kB`);
    const longest = Math.max(
      ...agent
        .output()
        .split("\n")
        .map(({ length }) => length),
    );
    assert.ok(longest < 2000, `a line of ${longest} characters`);
    const { payload } = await call("GetStatus", "null");
    assert.notEqual((payload as { fan: { reason: string } }).fan.reason, "override");
    const sent = telemetry.length;
    await until("telemetry goes on", () => telemetry.length > sent + 1);
    assert.equal((await agent.stop()).code, 0, agent.output());
  });

  it("outlives a desired property that is 10,000 deep, which no sound hub would send", async (t) => {
    const rig = await startCloud(t);
    const { agent, call, patch } = await startRogueHub(t, rig);
    patch(`{"$version":2,"targetTemperature":${PAYLOADS["objects 10,000 deep"]},"humidityBand":7}`);
    const answer = await until("an answer, be it on a new connection", () =>
      call("GetStatus", "null", 1).catch(() => undefined),
    );
    const { settings } = answer.payload as { settings: { targetTemperature: number } };
    assert.deepEqual([answer.status, settings.targetTemperature], [200, 12]);
    assert.equal((await agent.stop()).code, 0, agent.output());
  });

  it("outlives a method call whose request id is empty, by a new connection", async (t) => {
    const rig = await startCloud(t);
    const { agent, call, deliver } = await startRogueHub(t, rig);
    deliver("$iothub/methods/POST/GetStatus/?$rid=", "null");
    const { cause } = await agent.logged("offline");
    assert.match(cause ?? "", /unusable message from the hub: .*requestId/);
    const answer = await until("an answer, on a new connection", () =>
      call("GetStatus", "null", 1).catch(() => undefined),
    );
    assert.equal(answer.status, 200);
    assert.equal((await agent.stop()).code, 0, agent.output());
  });
});

function residentKilobytes(pid: number | undefined): number {
  if (process.platform !== "linux") return 0;
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}
