import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { spawnAgent } from "../../support/agent-process.ts";
import { until } from "../../support/until.ts";
import { CHIP_LABEL } from "../mcp2221/bench.ts";
import type { Report } from "../mcp2221/orders.ts";
import { bench } from "./bench.ts";
import { CAVES, filesOf, READ_EVERY } from "./caves.ts";
import { openHub } from "./hub.ts";
import { freePin } from "./pin.ts";

const PIN = 0;
/** Seconds. */
const PATIENCE = 300;
/** Of an order that is to fall between two readings. */
const MOST_TRIES = 5;
/** Milliseconds without a transfer, after which a reading is over. */
const QUIET = 500;

describe("the whole agent, in a guest, and the local cloud on the host", () => {
  // The agent leaves its line exported in sysfs, and so at its level; a person who changes the driver unexports it.
  beforeEach(() => freePin(CHIP_LABEL, PIN));

  for (const [driver, deviceId] of Object.entries(CAVES)) {
    it(`sends what the sensor measures, and moves the fan's pin through ${driver}`, async (t) => {
      const { config, endpoints } = filesOf(deviceId);
      const hub = openHub(endpoints);
      process.env.CAVE_SENSOR_BUS = String(await bench.bus());
      const agent = spawnAgent(t, ["run", "--config", config], deviceId);
      const order = async (state: "on" | "off") => {
        await untilQuiet();
        const before = await bench.look();
        const { status, payload } = await hub.invoke(deviceId, "SetFanState", state);
        assert.equal(status, 200, `${JSON.stringify(payload)}\n${agent.output()}`);
        const after = await bench.look();
        return { level: after.levels[PIN], isClean: newest(after) === newest(before) };
      };
      const setFan = async (state: "on" | "off") => {
        let done = await order(state);
        // On a busy host an order may last until the next reading, and then says nothing about the agent.
        for (let tries = 1; !done.isClean && tries < MOST_TRIES; tries += 1) {
          await order(state === "on" ? "off" : "on");
          done = await order(state);
        }
        return done.level;
      };
      await agent.logged("online", { seconds: PATIENCE });
      const messages = () => hub.telemetry(deviceId);
      await until("telemetry", async () => (await messages()).length > 0, {
        seconds: PATIENCE,
        onTimeout: agent.output,
      });
      for (const { body, properties } of await messages()) {
        const { temperature, humidity, source } = JSON.parse(body) as Record<string, unknown>;
        assert.deepEqual([temperature, humidity, source], [10.5, 91.25, "sht31"]);
        assert.equal(properties.simulated, undefined);
      }
      assert.equal(await setFan("on"), 1);
      assert.equal(await setFan("off"), 0);
      assert.equal(await setFan("on"), 1);
      await untilQuiet();
      assert.equal((await agent.stop()).code, 0, agent.output());
      assert.equal((await bench.look()).levels[PIN], 0, "its safe state");
    });
  }
});

const newest = ({ transfers }: Report): number | undefined => transfers.at(-1)?.at;

/**
 * Shortly after a reading, long before the next: hid-mcp2221 loses the level of a pin that is set while a transfer is
 * under way, because it fills the buffer that both share before it takes its lock.
 */
async function untilQuiet(): Promise<void> {
  const isQuiet = async () => {
    const { at, transfers } = await bench.look();
    const since = at - (transfers.at(-1)?.at ?? at);
    return since > QUIET && since < READ_EVERY / 2;
  };
  await until("the pause between two readings", isQuiet, { seconds: PATIENCE });
}
