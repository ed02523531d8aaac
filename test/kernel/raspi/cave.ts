import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { HealthDocument } from "#agent/health/document.js";
import { startCloud } from "../../support/rig.ts";
import { getStatus } from "../../support/status.ts";
import { until } from "../../support/until.ts";
import { agentOn } from "./agent.ts";
import { DEVICE_ID, gatewayFiles } from "./gateway.ts";
import { hardwareOf } from "./hardware.ts";
import { bootPi } from "./pi.ts";

/** The fan is on GPIO17: of the chip pinctrl-bcm2835, which this kernel numbers from 512. */
export const FAN = 17;
/** Seconds: an emulated processor needs many times what a real one does. */
export const PATIENCE = { seconds: 240 };
/** Milliseconds. */
const LOG_LATE = 1000;

export type Cave = Awaited<ReturnType<typeof setUpCave>>;

/** A Raspberry Pi that has booted, the cloud that its agent will find, and what the test asks of both. */
export async function setUpCave(t: TestContext) {
  const rig = await startCloud(t);
  const pi = await bootPi(t, await gatewayFiles(rig));
  const agent = agentOn(pi);
  const hardware = hardwareOf(pi);

  /** On a busy machine the log of the writes comes a little later than what the monitor says. */
  async function settledWrites(): Promise<number> {
    for (let seen = -1; ; await delay(LOG_LATE)) {
      const { length } = pi.writesTo(FAN);
      if (length === seen) return length;
      seen = length;
    }
  }

  return {
    rig,
    hub: rig.cloud.hub,
    pi,
    agent,
    hardware,
    /** What happens to the line while `act` runs. */
    async writesDuring(act: () => Promise<unknown>) {
      const before = await settledWrites();
      await act();
      return pi.writesTo(FAN).slice(before, await settledWrites());
    },
    level: (wanted: 0 | 1) =>
      until(`GPIO${FAN} is ${wanted}`, async () => (await pi.gpio.level(FAN)) === wanted, PATIENCE),
    async setFan(state: "on" | "off") {
      const { status, payload } = await rig.service.invoke(DEVICE_ID, "SetFanState", state);
      assert.equal(status, 200, JSON.stringify(payload));
    },
    logged: (event: string) =>
      until(`it logs ${event}`, async () => (await agent.logged(event)) || undefined, PATIENCE),
    /** By `GetStatus`, asked through the hub. */
    async sensorBecomes(what: string, fits: (sensor: HealthDocument["sensor"]) => boolean) {
      let seen: unknown;
      const probe = async () => {
        const { sensor } = await getStatus(rig, DEVICE_ID);
        seen = sensor;
        return fits(sensor);
      };
      await until(`the sensor: ${what}`, probe, { ...PATIENCE, onTimeout: () => JSON.stringify(seen) });
    },
    /** One reading more, made after this call. */
    async reads() {
      const { reading } = await getStatus(rig, DEVICE_ID);
      const isNew = async () => {
        const now = await getStatus(rig, DEVICE_ID);
        return now.sensor.state === "ok" && now.reading?.readAt !== reading?.readAt;
      };
      await until("a new reading", isNew, PATIENCE);
    },
    part: partsOf(
      t,
      async () => `the agent's log:\n${await agent.log()}\nthe hardware's:\n${await hardware.log()}`,
    ),
  };
}

/** Parts of a story: each begins where the one before has ended, so that after a failure there is nothing to begin with. */
function partsOf(t: TestContext, explain: () => Promise<string>) {
  let failed: string | undefined;
  return async (name: string, act: () => Promise<void>): Promise<void> => {
    await t.test(name, async (part) => {
      if (failed !== undefined) return part.skip(`"${failed}" failed before`);
      try {
        await act();
      } catch (error) {
        failed = name;
        part.diagnostic(await explain().catch(String));
        throw error;
      }
    });
  };
}
