import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { askedOf } from "#agent/hub/assignment.js";
import { serviceOf } from "../local-cloud/support.ts";
import type { CloudRig } from "../support/rig.ts";

/**
 * Leaves on disk what an earlier run would have, that the DPS had sent to `hub`.
 * @param dpsHost as it is in the configuration: the assignment of another DPS is worth nothing
 */
export function leaveAssignment(
  rig: CloudRig,
  hub: string,
  dpsHost = rig.cloud.endpoints.dps.host,
  deviceId = "cave-01",
): void {
  const state = join(rig.folder, `${deviceId}.state`);
  mkdirSync(state, { mode: 0o700 });
  const asked = askedOf({ host: dpsHost, idScope: rig.cloud.endpoints.dps.idScope }, deviceId);
  writeFileSync(join(state, "assignment.json"), JSON.stringify({ hub, deviceId, askedOf: asked }));
}

/** Makes the first hub know a device, as the DPS would. */
export async function admit(rig: CloudRig, deviceId = "cave-01"): Promise<void> {
  const authentication = { type: "certificateAuthority" };
  await serviceOf(rig.cloud).registry.create({ deviceId, authentication });
}
