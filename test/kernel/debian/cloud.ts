import type { TestContext } from "node:test";
import { writeConfig } from "../../faults/agents.ts";
import { type CloudRig, startCloud } from "../../support/rig.ts";
import { CHIP_LABEL } from "../mcp2221/bench.ts";
import { CAVES, READ_EVERY } from "./caves.ts";

/** A local cloud on this host, and in its folder a configuration for each agent that will talk to it from a guest. */
export async function startCloudFor(t: TestContext): Promise<CloudRig> {
  const rig = await startCloud(t);
  for (const [driver, deviceId] of Object.entries(CAVES)) {
    const changes = {
      "provisioning.deadline": "60s",
      "state.directory": `/run/${deviceId}`,
      "sensor.source": "sht31",
      "sensor.readEvery": `${READ_EVERY}ms`,
      // A sample that is due would bring the reading forward.
      "cave.telemetryInterval": READ_EVERY / 1000,
      "fan.driver": driver,
      "fan.line": `${CHIP_LABEL}:0`,
    };
    await writeConfig(rig, changes, { deviceId });
  }
  return rig;
}
